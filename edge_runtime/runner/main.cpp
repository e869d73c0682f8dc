// vizecg-runner: see docs/runner.md.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "bench.h"
#include "common.h"
#include "model.h"
#include "options.h"
#include "serve.h"

namespace {

void print(int out, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t put = ::write(out, text.data() + done, text.size() - done);
    if (put < 0) {
      throw vizecg::Failure(vizecg::kEnvironment, "nobody reads stdout");
    }
    done += static_cast<std::size_t>(put);
  }
}

void run(int argc, char** argv, int out) {
  const vizecg::Options options = vizecg::parse_options(argc, argv);
  if (options.help) {
    print(out, vizecg::kUsageText);
    return;
  }
  vizecg::Model model(options.model, options.threads);
  if (options.info) {
    print(out, model.info_json() + "\n");
  } else if (options.serve) {
    vizecg::serve(model, STDIN_FILENO, out);
  } else {
    print(out, vizecg::run_files(model, options) + "\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that goes away is an error with a message, not a silent death.
  std::signal(SIGPIPE, SIG_IGN);
  // Answers alone may reach stdout: whatever a library prints there goes to stderr.
  const int out = ::dup(STDOUT_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  try {
    run(argc, argv, out);
    return vizecg::kOk;
  } catch (const vizecg::Failure& failure) {
    std::fprintf(stderr, "vizecg-runner: %s\n", failure.what());
    return failure.code;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "vizecg-runner: %s\n", error.what());
    return vizecg::kEnvironment;
  }
}
