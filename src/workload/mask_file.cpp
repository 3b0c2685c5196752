// Keeps every position of a tensor, where the masks of a model are only counted.
#include "wafersim/workload/mask_file.hpp"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "wafersim/base/error.hpp"

#include "workload/quote.hpp"
#include "workload/tensor_files.hpp"

namespace wafersim {
namespace {

using namespace workload_detail;

class Positions : public TensorSink {
 public:
  Positions(std::string file, std::uint64_t rows, std::uint64_t columns)
      : file_{std::move(file)}, wanted_{rows, columns} {}

  bool wants(const TensorHeader& header) override {
    if (found_) refuse(header.name, "is one tensor too many: a mask is a file of one");
    if (header.dims != wanted_) {
      refuse(header.name, fmt::format("has the shape {}, but the matrix is {}", fmt::join(header.dims, " x "),
                                      fmt::join(wanted_, " x ")));
    }
    found_ = true;
    return true;
  }
  void count(std::uint64_t) override {
    refuse({}, "lists coordinates; expected a .npy, .npz or .safetensors");
  }
  void numbers(NumberType type, std::span<const char> bytes) override {
    const std::size_t each = bytes_of(type);
    for (std::size_t at = 0; at < bytes.size(); at += each)
      bits_.push_back(count_kept(type, bytes.subspan(at, each)) != 0);
  }

  [[nodiscard]] std::vector<bool> take() {
    if (!found_) refuse({}, "has no tensor");
    return std::move(bits_);
  }

 private:
  [[noreturn]] void refuse(const std::string& tensor, const std::string& message) const {
    throw InputError{
        {.at = {.file = file_}, .key = tensor.empty() ? "" : in_quotes(tensor), .message = message}};
  }

  std::string file_;
  std::vector<std::uint64_t> wanted_;
  std::vector<bool> bits_;
  bool found_ = false;
};

}  // namespace

std::vector<bool> read_mask(const std::filesystem::path& file, std::uint64_t rows, std::uint64_t columns) {
  Positions positions{file.string(), rows, columns};
  if (!is_tensor_file(file)) {
    throw InputError{
        {.at = {.file = file.string()}, .key = {}, .message = "expected a .npy, .npz or .safetensors file"}};
  }
  read_tensors(file, positions);
  return positions.take();
}

}  // namespace wafersim
