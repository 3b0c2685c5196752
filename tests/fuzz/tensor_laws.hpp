// What must hold for any bytes at all that are given to the readers of masks and weights.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>

#include "wafersim/base/error.hpp"

#include "fuzz/config_laws.hpp"
#include "workload/tensor_files.hpp"

namespace wafersim::test {

// Wants what is small, and watches that no tensor keeps more numbers than it has.
class LawfulSink : public workload_detail::TensorSink {
 public:
  bool wants(const workload_detail::TensorHeader& header) override {
    constexpr std::uint64_t kSmall = 1'000'000;
    left_ = header.numbers();
    return left_ < kSmall;
  }
  void count(std::uint64_t kept) override {
    expect_law(kept <= left_, "a tensor keeps at most the numbers that it has");
    left_ -= kept;
  }

 private:
  std::uint64_t left_{};
};

class Text : public workload_detail::ByteSource {
 public:
  explicit Text(std::string_view bytes) : bytes_{bytes} {}
  std::size_t read(std::span<char> into) override {
    const std::size_t size = std::min(into.size(), bytes_.size());
    std::copy_n(bytes_.begin(), size, into.begin());
    bytes_.remove_prefix(size);
    return size;
  }

 private:
  std::string_view bytes_;
};

template <class Read>
void read_or_refuse(const Read& read) {
  try {
    LawfulSink sink;
    read(sink);
  } catch (const InputError& error) {
    expect_readable(error);
  }
}

inline void check_npy_laws(std::string_view bytes) {
  read_or_refuse([&](LawfulSink& sink) {
    Text text{bytes};
    workload_detail::read_npy(text, bytes.size(), "m.npy", "m", sink);
  });
}

inline void check_npz_laws(std::string_view bytes) {
  read_or_refuse([&](LawfulSink& sink) { workload_detail::read_npz_bytes(bytes, "m.npz", sink); });
}

inline void check_safetensors_laws(std::string_view bytes) {
  read_or_refuse([&](LawfulSink& sink) {
    std::istringstream stream{std::string{bytes}};
    workload_detail::read_safetensors(stream, bytes.size(), "m.safetensors", sink);
  });
}

inline void check_shard_index_laws(std::string_view json) {
  read_or_refuse([&](LawfulSink& /*sink*/) {
    for (const std::string& shard : workload_detail::parse_shard_index(json, "i.json"))
      expect_law(shard.find('/') == std::string::npos, "a shard lies beside its index");
  });
}

inline void check_mtx_laws(std::string_view bytes) {
  read_or_refuse([&](LawfulSink& sink) {
    Text text{bytes};
    workload_detail::read_mtx(text, "m.mtx", "m", sink);
  });
}

}  // namespace wafersim::test
