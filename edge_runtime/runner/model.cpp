#include "model.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>

#include <executorch/extension/module/module.h>
#include <executorch/extension/tensor/tensor_ptr.h>
#include <executorch/extension/tensor/tensor_ptr_maker.h>
#include <executorch/runtime/platform/platform.h>
#include <executorch/runtime/platform/runtime.h>

#include "common.h"

// The wheel ships the library of the thread pool without its header.
namespace executorch::extension::threadpool {
class ThreadPool {
 public:
  std::size_t get_thread_count() const;
  bool _unsafe_reset_threadpool(std::uint32_t threads);
};
ThreadPool* get_threadpool();
}  // namespace executorch::extension::threadpool

namespace vizecg {
namespace {

using executorch::aten::ScalarType;
using executorch::extension::Module;
using executorch::runtime::Error;
using executorch::runtime::MethodMeta;
using executorch::runtime::Tag;
using executorch::runtime::TensorInfo;
using Clock = std::chrono::steady_clock;

constexpr const char* kMethod = "forward";

// ExecuTorch logs what went wrong and returns a number: the last error it logged goes into our one line.
std::mutex log_mutex;
std::string last_error;

void keep_errors(et_timestamp_t, et_pal_log_level_t level, const char*, const char*, std::size_t, const char* message,
                 std::size_t length) {
  if (level != kError && level != kFatal) {
    return;
  }
  const std::lock_guard<std::mutex> lock(log_mutex);
  last_error.assign(message, length);
  for (char& c : last_error) {
    c = (c == '\n' || c == '\r') ? ' ' : c;
  }
}

std::string reason(Error error) {
  const std::lock_guard<std::mutex> lock(log_mutex);
  std::string text = executorch::runtime::to_string(error);
  return last_error.empty() ? text : text + ": " + last_error;
}

std::vector<std::int32_t> sizes(const TensorInfo& info) { return {info.sizes().begin(), info.sizes().end()}; }

std::string shape_json(const std::vector<std::int32_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i ? ", " : "") + std::to_string(shape[i]);
  }
  return text + "]";
}

std::string tensor_json(const TensorInfo& info) {
  return "{\"shape\": " + shape_json(sizes(info)) + ", \"dtype\": " +
         json_string(info.scalar_type() == ScalarType::Float ? "float32" : executorch::runtime::toString(info.scalar_type())) +
         "}";
}

std::size_t count(const std::vector<std::int32_t>& shape) {
  std::size_t total = 1;
  for (const std::int32_t size : shape) {
    total *= static_cast<std::size_t>(size);
  }
  return total;
}

double milliseconds(Clock::duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

}  // namespace

struct Model::State {
  explicit State(const std::string& file) : file(file), module(file, Module::LoadMode::File) {}

  [[noreturn]] void unfit(const std::string& why) const { throw Failure(kEnvironment, file + ": " + why); }

  // The only tensor of one side of the method, which must be float32.
  std::vector<std::int32_t> only(const MethodMeta& meta, bool input) const {
    const std::string side = input ? "input" : "output";
    const std::size_t found = input ? meta.num_inputs() : meta.num_outputs();
    if (found != 1) {
      unfit("expected one " + side + ", found " + std::to_string(found));
    }
    const auto info = input ? meta.input_tensor_meta(0) : meta.output_tensor_meta(0);
    if (!info.ok() || info->scalar_type() != ScalarType::Float) {
      unfit("its " + side + " is not a float32 tensor");
    }
    const auto shape = sizes(*info);
    // Before anything is multiplied: a damaged file may claim any shape.
    if (info->nbytes() != count(shape) * sizeof(float) || info->nbytes() > (std::size_t{1} << 30)) {
      unfit("its " + side + " has a shape that cannot be: " + shape_json(shape));
    }
    return shape;
  }

  std::string file;
  Module module;
  std::vector<std::int32_t> input_shape;
  std::size_t input_size = 0;
  std::size_t output_size = 0;
  double load_ms = 0;
};

Model::Model(const std::string& file, std::size_t threads) {
  executorch::runtime::runtime_init();
  executorch::runtime::register_pal(executorch::runtime::PalImpl::create(keep_errors, __FILE__));
  if (!std::ifstream(file, std::ios::binary).good()) {
    throw Failure(kUsage, file + ": " + std::strerror(errno));
  }
  auto* pool = executorch::extension::threadpool::get_threadpool();
  if (pool == nullptr || (threads != 0 && !pool->_unsafe_reset_threadpool(static_cast<std::uint32_t>(threads)))) {
    throw Failure(kEnvironment, "no pool of " + std::to_string(threads) + " threads could be made");
  }
  const auto start = Clock::now();
  state_ = std::make_unique<State>(file);
  auto& state = *state_;
  Error error = state.module.load(executorch::runtime::Program::Verification::InternalConsistency);
  if (error != Error::Ok) {
    state.unfit("not a program that ExecuTorch can load (" + reason(error) + ")");
  }
  const auto meta = state.module.method_meta(kMethod);
  if (!meta.ok()) {
    state.unfit(std::string("it has no method '") + kMethod + "'");
  }
  state.input_shape = state.only(*meta, true);
  state.input_size = count(state.input_shape);
  state.output_size = count(state.only(*meta, false));
  error = state.module.load_method(kMethod);
  if (error != Error::Ok) {
    state.unfit("its method cannot be loaded (" + reason(error) + ")");
  }
  state.load_ms = milliseconds(Clock::now() - start);
}

Model::~Model() = default;

std::size_t Model::input_size() const { return state_->input_size; }
std::size_t Model::output_size() const { return state_->output_size; }
std::size_t Model::threads() const { return executorch::extension::threadpool::get_threadpool()->get_thread_count(); }
double Model::load_ms() const { return state_->load_ms; }

std::uint64_t Model::run(float* input, float* output) {
  auto& state = *state_;
  const auto start = Clock::now();
  const auto tensor = executorch::extension::from_blob(input, state.input_shape);
  const auto result = state.module.forward(*tensor);
  const auto end = Clock::now();
  if (!result.ok()) {
    throw Failure(kEnvironment, "execution failed (" + reason(result.error()) + ")");
  }
  if (result->size() != 1 || !(*result)[0].isTensor() ||
      static_cast<std::size_t>((*result)[0].toTensor().numel()) != state.output_size) {
    throw Failure(kEnvironment, "execution gave another output than the program declares");
  }
  std::memcpy(output, (*result)[0].toTensor().const_data_ptr<float>(), state.output_size * sizeof(float));
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(end - start).count());
}

std::string Model::info_json() const {
  auto& module = state_->module;
  std::ostringstream out;
  out << "{\"runner\": " << json_string(RUNNER_VERSION) << ", \"executorch\": " << json_string(EXECUTORCH_VERSION)
      << ", \"threads\": " << threads() << ", \"load_ms\": " << load_ms() << ", \"methods\": [";
  const auto names = module.method_names();
  std::string comma;
  for (const auto& name : *names) {
    const auto meta = module.method_meta(name);
    if (!meta.ok()) {
      continue;
    }
    out << comma << "{\"name\": " << json_string(name) << ", \"inputs\": [";
    for (std::size_t i = 0; i < meta->num_inputs(); ++i) {
      const auto info = meta->input_tensor_meta(i);
      out << (i ? ", " : "") << (info.ok() ? tensor_json(*info) : "null");
    }
    out << "], \"outputs\": [";
    for (std::size_t i = 0; i < meta->num_outputs(); ++i) {
      const auto info = meta->output_tensor_meta(i);
      out << (i ? ", " : "") << (info.ok() ? tensor_json(*info) : "null");
    }
    // One name for every part of the method that a backend computes.
    std::set<std::string> backends;
    for (std::size_t i = 0; i < meta->num_backends(); ++i) {
      const auto backend = meta->get_backend_name(i);
      backends.insert(backend.ok() ? *backend : "");
    }
    out << "], \"delegates\": " << meta->num_backends() << ", \"backends\": [";
    for (auto backend = backends.begin(); backend != backends.end(); ++backend) {
      out << (backend == backends.begin() ? "" : ", ") << json_string(*backend);
    }
    out << "]}";
    comma = ", ";
  }
  out << "]}";
  return out.str();
}

std::string json_string(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    char escaped[8];
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace vizecg
