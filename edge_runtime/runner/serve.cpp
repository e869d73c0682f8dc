#include "serve.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "common.h"

namespace vizecg {
namespace {

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the frames are little-endian"
#endif

constexpr char kRequest[4] = {'V', 'Z', 'Q', '1'};
constexpr char kAnswer[4] = {'V', 'Z', 'A', '1'};

#pragma pack(push, 1)
struct RequestHeader {
  char magic[4];
  std::uint32_t count;  // of floats that follow
};
struct AnswerHeader {
  char magic[4];
  std::uint32_t status;        // 0, or an exit code with a message in place of the output
  std::uint64_t microseconds;  // of execution
  std::uint32_t count;         // of floats that follow, or of bytes of the message
};
#pragma pack(pop)
static_assert(sizeof(RequestHeader) == 8 && sizeof(AnswerHeader) == 20);

// Fills `size` bytes; how many came before the end.
std::size_t read_all(int in, void* data, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(in, static_cast<char*>(data) + done, size - done);
    if (got == 0) {
      break;
    }
    if (got < 0) {
      if (errno == EINTR) {
        continue;
      }
      throw Failure(kRefused, std::string("reading a request: ") + std::strerror(errno));
    }
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void write_all(int out, const void* data, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t put = ::write(out, static_cast<const char*>(data) + done, size - done);
    if (put < 0) {
      if (errno == EINTR) {
        continue;
      }
      throw Failure(kEnvironment, std::string("writing an answer: ") + std::strerror(errno));
    }
    done += static_cast<std::size_t>(put);
  }
}

void answer(int out, std::uint32_t status, std::uint64_t microseconds, const void* data, std::size_t count,
            std::size_t bytes) {
  AnswerHeader header{};
  std::memcpy(header.magic, kAnswer, sizeof header.magic);
  header.status = status;
  header.microseconds = microseconds;
  header.count = static_cast<std::uint32_t>(count);
  // One write for both, so that a reader never waits for the second half.
  std::vector<char> frame(sizeof header + bytes);
  std::memcpy(frame.data(), &header, sizeof header);
  std::memcpy(frame.data() + sizeof header, data, bytes);
  write_all(out, frame.data(), frame.size());
}

void refuse(int out, std::uint32_t status, const std::string& message) {
  answer(out, status, 0, message.data(), message.size(), message.size());
}

// Reads past a payload of the wrong size, without room for more than one input; false at the end of `in`.
bool skip(int in, std::uint64_t bytes, std::vector<float>& room) {
  while (bytes > 0) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, room.size() * sizeof(float)));
    if (read_all(in, room.data(), part) != part) {
      return false;
    }
    bytes -= part;
  }
  return true;
}

}  // namespace

void serve(Model& model, int in, int out) {
  std::vector<float> input(model.input_size());
  std::vector<float> output(model.output_size());
  const Failure cut(kRefused, "stdin ended within a request");
  for (;;) {
    RequestHeader header{};
    const std::size_t got = read_all(in, &header, sizeof header);
    if (got == 0) {
      return;
    }
    if (got != sizeof header) {
      throw cut;
    }
    if (std::memcmp(header.magic, kRequest, sizeof kRequest) != 0) {
      // Where the next request starts cannot be known.
      const Failure lost(kRefused, "a request does not start with VZQ1");
      refuse(out, lost.code, lost.what());
      throw lost;
    }
    if (header.count != input.size()) {
      if (!skip(in, std::uint64_t{header.count} * sizeof(float), input)) {
        throw cut;
      }
      refuse(out, kRefused, "a request of " + std::to_string(header.count) + " floats, expected " +
                                std::to_string(input.size()));
      continue;
    }
    if (read_all(in, input.data(), input.size() * sizeof(float)) != input.size() * sizeof(float)) {
      throw cut;
    }
    if (!std::all_of(input.begin(), input.end(), [](float value) { return std::isfinite(value); })) {
      refuse(out, kRefused, "the input holds values that are not finite");
      continue;
    }
    std::uint64_t time = 0;
    try {
      time = model.run(input.data(), output.data());
    } catch (const Failure& failure) {
      refuse(out, failure.code, failure.what());
      continue;
    }
    answer(out, kOk, time, output.data(), output.size(), output.size() * sizeof(float));
  }
}

}  // namespace vizecg
