// A loaded program with one float32 input and one float32 output.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vizecg {

class Model {
 public:
  // Loads `file`; `threads` of 0 is one per core. Throws Failure: kUsage when there is no such file, kEnvironment when
  // it is damaged, needs an operator or backend that is not built in, or has other inputs or outputs.
  Model(const std::string& file, std::size_t threads);
  ~Model();

  std::size_t input_size() const;   // in floats
  std::size_t output_size() const;  // in floats
  std::size_t threads() const;
  double load_ms() const;

  // Runs `input` (input_size floats) into `output` (output_size floats); the time of execution in microseconds.
  // Throws Failure(kEnvironment) when the execution fails.
  std::uint64_t run(float* input, float* output);

  // Shapes, types, methods, backends, threads and versions.
  std::string info_json() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// `text` as a JSON string, with its quotes.
std::string json_string(const std::string& text);

}  // namespace vizecg
