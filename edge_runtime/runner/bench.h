// File mode: inputs from a file, outputs into one, times as JSON.
#pragma once

#include <string>

#include "model.h"
#include "options.h"

namespace vizecg {

// The times as one JSON object. Throws Failure: kUsage for a file that cannot be opened or written, kRefused for one
// that does not hold whole inputs.
std::string run_files(Model& model, const Options& options);

}  // namespace vizecg
