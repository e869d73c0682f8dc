#include "bench.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>

#include "common.h"

namespace vizecg {
namespace {

// Of sorted times, the nearest rank.
std::uint64_t percentile(const std::vector<std::uint64_t>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(sorted.size()) + 0.999999);
  return sorted[std::min(sorted.size(), std::max<std::size_t>(rank, 1)) - 1];
}

}  // namespace

std::string run_files(Model& model, const Options& options) {
  const std::size_t bytes = model.input_size() * sizeof(float);
  std::vector<float> input(model.input_size(), 0.0F);
  std::vector<float> output(model.output_size());
  std::ifstream inputs;
  std::ofstream outputs;
  std::size_t n = 1;
  if (!options.inputs.empty()) {
    inputs.open(options.inputs, std::ios::binary | std::ios::ate);
    if (!inputs) {
      throw Failure(kUsage, options.inputs + ": " + std::strerror(errno));
    }
    const auto size = static_cast<std::size_t>(std::max<std::streamoff>(inputs.tellg(), 0));
    if (size == 0 || size % bytes != 0) {
      throw Failure(kRefused, options.inputs + ": " + std::to_string(size) + " bytes are not whole inputs of " +
                                  std::to_string(bytes) + " bytes");
    }
    n = size / bytes;
    inputs.seekg(0);
  }
  if (!options.outputs.empty()) {
    outputs.open(options.outputs, std::ios::binary | std::ios::trunc);
    if (!outputs) {
      throw Failure(kUsage, options.outputs + ": " + std::strerror(errno));
    }
  }
  std::vector<std::uint64_t> times;
  std::uint64_t first = 0;
  std::clock_t processor = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (inputs.is_open() && !inputs.read(reinterpret_cast<char*>(input.data()), static_cast<std::streamsize>(bytes))) {
      throw Failure(kRefused, options.inputs + ": it became shorter while it was read");
    }
    if (i == 0) {
      for (std::size_t run = 0; run < options.warmup; ++run) {
        const std::uint64_t time = model.run(input.data(), output.data());
        first = run == 0 ? time : first;
      }
      processor = std::clock();
    }
    for (std::size_t run = 0; run < options.repeat; ++run) {
      times.push_back(model.run(input.data(), output.data()));
    }
    if (outputs.is_open()) {
      outputs.write(reinterpret_cast<const char*>(output.data()),
                    static_cast<std::streamsize>(output.size() * sizeof(float)));
    }
  }
  processor = std::clock() - processor;
  first = options.warmup ? first : times.front();
  if (outputs.is_open() && !outputs.flush()) {
    throw Failure(kUsage, options.outputs + ": " + std::strerror(errno));
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::ostringstream out;
  out << "{\"runner\": " << json_string(RUNNER_VERSION) << ", \"executorch\": " << json_string(EXECUTORCH_VERSION)
      << ", \"model\": " << json_string(options.model) << ", \"threads\": " << model.threads() << ", \"inputs\": " << n
      << ", \"warmup\": " << options.warmup << ", \"repeat\": " << options.repeat << ", \"load_ms\": " << model.load_ms()
      << ", \"first_us\": " << first;
  auto sorted = times;
  std::sort(sorted.begin(), sorted.end());
  out << ", \"p50_us\": " << percentile(sorted, 0.5) << ", \"p90_us\": " << percentile(sorted, 0.9)
      // Of all threads: beside the times of the wall clock it shows whether the cores were shared.
      << ", \"cpu_us\": " << static_cast<std::uint64_t>(1e6 * static_cast<double>(processor) / CLOCKS_PER_SEC)
      << ", \"peak_memory_kib\": " << usage.ru_maxrss << ", \"us\": [";
  for (std::size_t i = 0; i < times.size(); ++i) {
    out << (i ? ", " : "") << times[i];
  }
  out << "]}";
  return out.str();
}

}  // namespace vizecg
