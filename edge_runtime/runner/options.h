// The command line.
#pragma once

#include <cstddef>
#include <string>

namespace vizecg {

struct Options {
  std::string model;
  std::string inputs;   // float32 file, several inputs one after another; empty: zeros
  std::string outputs;  // float32 file
  std::size_t threads = 0;  // 0: one per core
  std::size_t warmup = 1;
  std::size_t repeat = 1;
  bool serve = false;
  bool info = false;
  bool help = false;
};

extern const char* const kUsageText;

// Throws Failure(kUsage).
Options parse_options(int argc, char** argv);

}  // namespace vizecg
