// What all parts of the runner share: exit codes and the exception that carries one.
#pragma once

#include <stdexcept>
#include <string>

namespace vizecg {

// Those of `vizecg.spec.errors.ExitCode`.
enum ExitCode { kOk = 0, kUsage = 2, kEnvironment = 6, kRefused = 7 };

// Ends the program with `code` and one line on stderr.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& message) : std::runtime_error(message), code(code) {}
  const ExitCode code;
};

}  // namespace vizecg
