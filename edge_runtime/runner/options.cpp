#include "options.h"

#include <cerrno>
#include <cstdlib>

#include "common.h"

namespace vizecg {

const char* const kUsageText =
    "vizecg-runner --model FILE.pte [--threads N] [--info | --serve |\n"
    "              [--warmup N] [--repeat N] [--inputs F32.bin [--outputs F32.bin]]]\n"
    "\n"
    "Runs an ExecuTorch program with one float32 input and one float32 output.\n"
    "  --info     print shapes, methods, backends and threads as JSON\n"
    "  --serve    answer requests on stdin with answers on stdout until stdin ends (see docs/runner.md)\n"
    "  --inputs   float32 inputs, one after another; without it, one input of zeros\n"
    "  --outputs  where their outputs go, one after another\n"
    "  --warmup   runs before those that are timed (default 1; the first of all is reported apart)\n"
    "  --repeat   timed runs of every input (default 1)\n"
    "  --threads  threads of computation (default: one per core)\n"
    "Exit codes: 0 done, 2 usage, 6 the model is damaged or does not fit, 7 the input was refused.\n";

namespace {

constexpr std::size_t kMostThreads = 256;
constexpr std::size_t kMostRuns = 10'000'000;

std::size_t number(const std::string& option, const char* text, std::size_t least, std::size_t most) {
  char* end = nullptr;
  errno = 0;
  const unsigned long long value = std::strtoull(text, &end, 10);
  if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || value < least || value > most) {
    throw Failure(kUsage, option + " takes a number from " + std::to_string(least) + " to " + std::to_string(most) +
                              ", not '" + text + "'");
  }
  return static_cast<std::size_t>(value);
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--help" || option == "-h") {
      options.help = true;
      return options;
    }
    if (option == "--serve") {
      options.serve = true;
    } else if (option == "--info") {
      options.info = true;
    } else if (option == "--model" || option == "--inputs" || option == "--outputs" || option == "--threads" ||
               option == "--warmup" || option == "--repeat") {
      if (++i == argc) {
        throw Failure(kUsage, option + " takes a value");
      }
      const char* value = argv[i];
      if (option == "--model") {
        options.model = value;
      } else if (option == "--inputs") {
        options.inputs = value;
      } else if (option == "--outputs") {
        options.outputs = value;
      } else if (option == "--threads") {
        options.threads = number(option, value, 1, kMostThreads);
      } else if (option == "--warmup") {
        options.warmup = number(option, value, 0, kMostRuns);
      } else {
        options.repeat = number(option, value, 1, kMostRuns);
      }
    } else {
      throw Failure(kUsage, "unknown option '" + option + "'; --help lists them");
    }
  }
  if (options.model.empty()) {
    throw Failure(kUsage, "--model is missing; --help lists the options");
  }
  if (options.serve && options.info) {
    throw Failure(kUsage, "--serve and --info exclude each other");
  }
  if ((options.serve || options.info) && (!options.inputs.empty() || !options.outputs.empty())) {
    throw Failure(kUsage, "--inputs and --outputs do not go with --serve or --info");
  }
  if (options.inputs.empty() && !options.outputs.empty()) {
    throw Failure(kUsage, "--outputs needs --inputs");
  }
  return options;
}

}  // namespace vizecg
