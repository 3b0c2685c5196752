// .safetensors: a JSON header that says where each tensor lies, then the tensors; and the index of several.
#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <limits>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "wafersim/base/error.hpp"
#include "wafersim/base/wide.hpp"

#include "workload/quote.hpp"
#include "workload/tensor_files.hpp"

namespace wafersim::workload_detail {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLargestHeader = 100'000'000;  // the format's own limit
constexpr std::uint64_t kPrefix = 8;

[[noreturn]] void refuse(const std::string& file, const std::string& key, const std::string& message) {
  throw InputError{{.at = {.file = file}, .key = key, .message = message}};
}

// `what` begins the complaint about anything but an object.
Json parse(std::string_view text, const std::string& file, std::string_view what) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) refuse(file, {}, fmt::format("{} a JSON object", what));
  return json;
}

NumberType type_of(const std::string& text, const std::string& file, const std::string& name) {
  constexpr std::array kTypes{std::pair{"F16", NumberType::f16},     std::pair{"BF16", NumberType::bf16},
                              std::pair{"F32", NumberType::f32},     std::pair{"F64", NumberType::f64},
                              std::pair{"I8", NumberType::u8},       std::pair{"U8", NumberType::u8},
                              std::pair{"I16", NumberType::u16},     std::pair{"U16", NumberType::u16},
                              std::pair{"I32", NumberType::u32},     std::pair{"U32", NumberType::u32},
                              std::pair{"I64", NumberType::u64},     std::pair{"U64", NumberType::u64},
                              std::pair{"BOOL", NumberType::boolean}};
  for (const auto& [word, type] : kTypes) {
    if (text == word) return type;
  }
  refuse(file, in_quotes(name),
         fmt::format("holds numbers of a type that is not known: {}", in_quotes(text)));
}

std::uint64_t number(const Json& json, const std::string& file, const std::string& name) {
  if (json.is_number_unsigned()) return json.get<std::uint64_t>();
  refuse(file, in_quotes(name), "its shape and offsets must be whole numbers");
}

SafeTensor tensor_of(const std::string& name, const Json& json, std::uint64_t data_begin, std::uint64_t size,
                     const std::string& file) {
  const auto has = [&](const char* key, bool array) {
    return json.is_object() && json.contains(key) && (array ? json[key].is_array() : json[key].is_string());
  };
  if (!has("dtype", false) || !has("shape", true) || !has("data_offsets", true) ||
      json["data_offsets"].size() != 2)
    refuse(file, in_quotes(name), "needs 'dtype', 'shape' and two 'data_offsets'");
  SafeTensor tensor;
  tensor.header = {.name = name, .dims = {}, .type = type_of(json["dtype"].get<std::string>(), file, name)};
  Wide bytes = bytes_of(tensor.header.type);
  for (const Json& dim : json["shape"]) {
    tensor.header.dims.push_back(number(dim, file, name));
    bytes *= tensor.header.dims.back();
    if (bytes > std::numeric_limits<std::int64_t>::max())
      refuse(file, in_quotes(name), "is too large to count");
  }
  const std::uint64_t begin = number(json["data_offsets"][0], file, name);
  const std::uint64_t end = number(json["data_offsets"][1], file, name);
  if (begin > end || end > size - data_begin) {
    refuse(file, in_quotes(name),
           fmt::format("its data would lie from {} to {} of {} bytes", begin, end, size - data_begin));
  }
  if (bytes != end - begin) {
    refuse(file, in_quotes(name),
           fmt::format("its shape needs {} bytes, but its offsets span {}", to_decimal(bytes), end - begin));
  }
  tensor.begin = data_begin + begin;
  tensor.end = data_begin + end;
  return tensor;
}

class FilePart : public ByteSource {
 public:
  explicit FilePart(std::istream& stream) : stream_{stream} {}
  std::size_t read(std::span<char> into) override {
    stream_.read(into.data(), static_cast<std::streamsize>(into.size()));
    return static_cast<std::size_t>(stream_.gcount());
  }

 private:
  std::istream& stream_;
};

}  // namespace

std::vector<SafeTensor> parse_safetensors(std::string_view json, std::uint64_t data_begin, std::uint64_t size,
                                          const std::string& file) {
  std::vector<SafeTensor> tensors;
  const Json header = parse(json, file, "its header is not");
  for (const auto& [name, entry] : header.items()) {
    if (name != "__metadata__") tensors.push_back(tensor_of(name, entry, data_begin, size, file));
  }
  std::sort(tensors.begin(), tensors.end(), [](const SafeTensor& a, const SafeTensor& b) {
    return std::pair{a.begin, a.end} < std::pair{b.begin, b.end};
  });
  for (std::size_t i = 1; i < tensors.size(); ++i) {
    if (tensors[i].begin >= tensors[i - 1].end) continue;
    refuse(file, in_quotes(tensors[i].header.name),
           fmt::format("its data overlap those of {}", in_quotes(tensors[i - 1].header.name)));
  }
  return tensors;
}

void read_safetensors(std::istream& stream, std::uint64_t size, const std::string& file, TensorSink& sink) {
  std::array<unsigned char, kPrefix> prefix{};
  stream.read(reinterpret_cast<char*>(prefix.data()), kPrefix);  // NOLINT: bytes are bytes
  std::uint64_t length = 0;
  for (std::size_t i = kPrefix; i-- > 0;) length = length << 8U | prefix[i];
  if (!stream || length > kLargestHeader || length > size - kPrefix)
    refuse(file, {}, "is not a .safetensors file: its header does not fit it");
  std::string header(length, '\0');
  stream.read(header.data(), static_cast<std::streamsize>(length));
  for (const SafeTensor& tensor : parse_safetensors(header, kPrefix + length, size, file)) {
    if (!sink.wants(tensor.header)) continue;
    stream.seekg(static_cast<std::streamoff>(tensor.begin));
    FilePart part{stream};
    stream_numbers(part, tensor.header.type, tensor.header.numbers(), file, sink);
  }
}

void read_safetensors(const std::filesystem::path& file, TensorSink& sink) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  std::ifstream stream{file, std::ios::binary};
  if (error || !stream) refuse(file.string(), {}, "cannot be read");
  read_safetensors(stream, size, file.string(), sink);
}

std::vector<std::string> parse_shard_index(std::string_view json, const std::string& file) {
  const Json index = parse(json, file, "is not an index of .safetensors files, or is cut short: it is not");
  if (!index.contains("weight_map") || !index["weight_map"].is_object())
    refuse(file, {}, "is not an index of .safetensors files: it has no 'weight_map'");
  std::set<std::string> files;
  for (const auto& [tensor, shard] : index["weight_map"].items()) {
    const std::string name = shard.is_string() ? shard.get<std::string>() : std::string{};
    if (!name.ends_with(".safetensors") || name.find('/') != std::string::npos)
      refuse(file, in_quotes(tensor),
             fmt::format("expected the name of a file beside it, got {}", in_quotes(name)));
    files.insert(name);
  }
  return {files.begin(), files.end()};
}

}  // namespace wafersim::workload_detail
