// What all formats of tensors share, and NumPy's .npy and .npz.
#include "workload/tensor_files.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <system_error>

#include <fmt/format.h>
#include <zip.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/parse.hpp"
#include "wafersim/base/wide.hpp"

#include "workload/quote.hpp"

namespace wafersim::workload_detail {
namespace {

constexpr std::size_t kPiece = 1U << 20U;

[[noreturn]] void refuse(const std::string& file, const std::string& key, const std::string& message) {
  throw InputError{{.at = {.file = file}, .key = key, .message = message}};
}

// Pruned are zeros of either sign and NaN: an exponent of all ones beside a fraction that is not zero.
template <class Bits>
std::uint64_t count_floats(std::span<const char> bytes, Bits exponent) {
  constexpr Bits kMagnitude = std::numeric_limits<Bits>::max() >> 1U;
  std::uint64_t kept = 0;
  for (std::size_t i = 0; i + sizeof(Bits) <= bytes.size(); i += sizeof(Bits)) {
    Bits bits{};
    std::memcpy(&bits, bytes.data() + i, sizeof(Bits));
    const Bits magnitude = bits & kMagnitude;
    kept += static_cast<std::uint64_t>(magnitude != 0 && magnitude <= exponent);
  }
  return kept;
}

template <class Bits>
std::uint64_t count_integers(std::span<const char> bytes) {
  std::uint64_t kept = 0;
  for (std::size_t i = 0; i + sizeof(Bits) <= bytes.size(); i += sizeof(Bits)) {
    Bits bits{};
    std::memcpy(&bits, bytes.data() + i, sizeof(Bits));
    kept += static_cast<std::uint64_t>(bits != 0);
  }
  return kept;
}

bool fill(ByteSource& source, std::span<char> into) {
  while (!into.empty()) {
    const std::size_t got = source.read(into);
    if (got == 0) return false;
    into = into.subspan(got);
  }
  return true;
}

std::optional<NumberType> numpy_type(std::string_view text) {
  if (text.size() < 3 || text[0] == '>') return std::nullopt;  // big-endian numbers would need turning
  const std::string_view kind = text.substr(1);
  if (kind == "f2") return NumberType::f16;
  if (kind == "f4") return NumberType::f32;
  if (kind == "f8") return NumberType::f64;
  if (kind == "b1") return NumberType::boolean;
  if (kind == "i1" || kind == "u1") return NumberType::u8;
  if (kind == "i2" || kind == "u2") return NumberType::u16;
  if (kind == "i4" || kind == "u4") return NumberType::u32;
  if (kind == "i8" || kind == "u8") return NumberType::u64;
  return std::nullopt;
}

// What follows a key of the header, which is a Python dictionary on one line.
std::string_view value_of(std::string_view header, std::string_view key) {
  const std::size_t at = header.find(key);
  if (at == std::string_view::npos) return {};
  std::string_view rest = header.substr(at + key.size());
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == ':')) rest.remove_prefix(1);
  return rest;
}

std::vector<std::uint64_t> numpy_shape(std::string_view header, const std::string& file,
                                       const std::string& name) {
  std::string_view text = value_of(header, "'shape'");
  const std::size_t close = text.find(')');
  if (text.empty() || text.front() != '(' || close == std::string_view::npos)
    refuse(file, name, "its header has no shape");
  text = text.substr(1, close - 1);
  std::vector<std::uint64_t> dims;
  Wide numbers = 1;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    if (part.empty()) continue;
    const Parsed<std::uint64_t> dim = parse_count(part);
    if (!dim.value || dims.size() == 32) refuse(file, name, fmt::format("its shape has {}", in_quotes(part)));
    dims.push_back(*dim.value);
    numbers *= *dim.value;
    if (numbers > std::numeric_limits<std::int64_t>::max())
      refuse(file, name, "its shape is too large to count");
  }
  return dims;
}

struct NumpyHeader {
  TensorHeader tensor;
  std::uint64_t bytes{};  // of the header itself
};

NumpyHeader numpy_header(ByteSource& source, const std::string& file, const std::string& name) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  constexpr std::size_t kLargest = 1U << 20U;
  std::array<char, 8> start{};
  if (!fill(source, start) || std::string_view{start.data(), kMagic.size()} != kMagic)
    refuse(file, name, "is not a NumPy array: it does not begin with \\x93NUMPY");
  std::array<unsigned char, 4> length{};
  const std::size_t length_bytes = start[6] == 1 ? 2 : 4;
  if (!fill(source, {reinterpret_cast<char*>(length.data()), length_bytes}))  // NOLINT: bytes are bytes
    refuse(file, name, "ends within its header");
  std::size_t size = 0;
  for (std::size_t i = length_bytes; i-- > 0;) size = size << 8U | length[i];
  if (size > kLargest) refuse(file, name, fmt::format("says that its header has {} bytes", size));
  std::string header(size, '\0');
  if (!fill(source, header)) refuse(file, name, "ends within its header");
  std::string_view type = value_of(header, "'descr'");
  if (!type.empty() && type.front() == '\'') type = type.substr(1, type.find('\'', 1) - 1);
  const std::optional<NumberType> known = numpy_type(type.substr(0, std::min<std::size_t>(type.size(), 40)));
  if (!known) {
    refuse(file, name,
           fmt::format("holds numbers of a type that is not known: {}",
                       in_quotes(type.substr(0, std::min<std::size_t>(type.size(), 40)))));
  }
  NumpyHeader out;
  out.tensor = {.name = name, .dims = numpy_shape(header, file, name), .type = *known};
  out.bytes = start.size() + length_bytes + size;
  return out;
}

class ZipEntry : public ByteSource {
 public:
  ZipEntry(zip_t* archive, zip_uint64_t index) : file_{zip_fopen_index(archive, index, 0)} {}
  ~ZipEntry() override {
    if (file_ != nullptr) zip_fclose(file_);
  }
  ZipEntry(const ZipEntry&) = delete;
  ZipEntry& operator=(const ZipEntry&) = delete;
  [[nodiscard]] bool open() const { return file_ != nullptr; }
  std::size_t read(std::span<char> into) override {
    const zip_int64_t got = zip_fread(file_, into.data(), into.size());
    return got < 0 ? 0 : static_cast<std::size_t>(got);
  }

 private:
  zip_file_t* file_;
};

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, Discard>;

void read_archive(zip_t* archive, const std::string& file, TensorSink& sink) {
  const zip_int64_t count = zip_get_num_entries(archive, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const auto index = static_cast<zip_uint64_t>(i);
    zip_stat_t stat;
    zip_stat_init(&stat);
    if (zip_stat_index(archive, index, 0, &stat) != 0 || (stat.valid & ZIP_STAT_NAME) == 0 ||
        (stat.valid & ZIP_STAT_SIZE) == 0)
      refuse(file, fmt::format("entry {}", i), "the archive is damaged");
    std::string name = stat.name;
    if (!name.ends_with(".npy")) continue;
    name.resize(name.size() - 4);
    ZipEntry entry{archive, index};
    if (!entry.open()) refuse(file, in_quotes(name), "cannot be unpacked");
    read_npy(entry, stat.size, file, name, sink);
  }
}

}  // namespace

std::uint64_t TensorHeader::numbers() const {
  std::uint64_t product = 1;
  for (const std::uint64_t dim : dims) product *= dim;
  return product;
}

std::uint64_t bytes_of(NumberType type) {
  switch (type) {
    case NumberType::u8:
    case NumberType::boolean:
      return 1;
    case NumberType::f16:
    case NumberType::bf16:
    case NumberType::u16:
      return 2;
    case NumberType::f32:
    case NumberType::u32:
      return 4;
    case NumberType::f64:
    case NumberType::u64:
      return 8;
  }
  return 1;
}

std::uint64_t count_kept(NumberType type, std::span<const char> bytes) {
  switch (type) {
    case NumberType::f16:
      return count_floats<std::uint16_t>(bytes, 0x7C00);
    case NumberType::bf16:
      return count_floats<std::uint16_t>(bytes, 0x7F80);
    case NumberType::f32:
      return count_floats<std::uint32_t>(bytes, 0x7F80'0000);
    case NumberType::f64:
      return count_floats<std::uint64_t>(bytes, 0x7FF0'0000'0000'0000);
    case NumberType::u8:
    case NumberType::boolean:
      return count_integers<std::uint8_t>(bytes);
    case NumberType::u16:
      return count_integers<std::uint16_t>(bytes);
    case NumberType::u32:
      return count_integers<std::uint32_t>(bytes);
    case NumberType::u64:
      return count_integers<std::uint64_t>(bytes);
  }
  return 0;
}

void stream_numbers(ByteSource& source, NumberType type, std::uint64_t count, const std::string& file,
                    TensorSink& sink) {
  std::vector<char> piece(kPiece);
  std::uint64_t left = count * bytes_of(type);
  while (left > 0) {
    const std::span<char> part{piece.data(), static_cast<std::size_t>(std::min<std::uint64_t>(left, kPiece))};
    if (!fill(source, part)) refuse(file, {}, fmt::format("ends {} bytes before its numbers do", left));
    sink.numbers(type, part);
    left -= part.size();
  }
}

// The size is checked against the shape, and the shape by the sink, before any number is read or unpacked: an
// archive that swells to more than its model needs is refused, not unpacked.
void read_npy(ByteSource& source, std::uint64_t size, const std::string& file, const std::string& name,
              TensorSink& sink) {
  const NumpyHeader header = numpy_header(source, file, in_quotes(name));
  TensorHeader tensor = header.tensor;
  tensor.name = name;
  const Wide expected = Wide{tensor.numbers()} * bytes_of(tensor.type) + header.bytes;
  if (expected != size) {
    refuse(file, in_quotes(name),
           fmt::format("its shape needs {} bytes, but it has {}", to_decimal(expected), size));
  }
  if (sink.wants(tensor)) stream_numbers(source, tensor.type, tensor.numbers(), file, sink);
}

void read_npz(const std::filesystem::path& file, TensorSink& sink) {
  int error = 0;
  const Archive archive{zip_open(file.c_str(), ZIP_RDONLY, &error)};
  if (!archive) refuse(file.string(), {}, "is not a zip archive, or is damaged");
  read_archive(archive.get(), file.string(), sink);
}

void read_npz_bytes(std::string_view bytes, const std::string& file, TensorSink& sink) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  const Archive archive{source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error)};
  if (!archive && source != nullptr) zip_source_free(source);
  zip_error_fini(&error);
  if (!archive) refuse(file, {}, "is not a zip archive, or is damaged");
  read_archive(archive.get(), file, sink);
}

namespace {

class WholeFile : public ByteSource {
 public:
  explicit WholeFile(const std::filesystem::path& file) : stream_{file, std::ios::binary} {
    if (!stream_) refuse(file.string(), {}, "cannot be opened");
  }
  std::size_t read(std::span<char> into) override {
    stream_.read(into.data(), static_cast<std::streamsize>(into.size()));
    return static_cast<std::size_t>(stream_.gcount());
  }

 private:
  std::ifstream stream_;
};

}  // namespace

void TensorSink::numbers(NumberType type, std::span<const char> bytes) {
  count(count_kept(type, bytes));
}

bool is_tensor_file(const std::filesystem::path& file) {
  constexpr std::array<std::string_view, 4> kKnown{".npy", ".npz", ".safetensors", ".mtx"};
  return std::find(kKnown.begin(), kKnown.end(), file.extension().string()) != kKnown.end();
}

void read_tensors(const std::filesystem::path& file, TensorSink& sink) {
  const std::string extension = file.extension().string();
  if (extension == ".npz") return read_npz(file, sink);
  if (extension == ".safetensors") return read_safetensors(file, sink);
  WholeFile source{file};
  if (extension == ".mtx") return read_mtx(source, file.string(), file.stem().string(), sink);
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) refuse(file.string(), {}, "cannot be read");
  read_npy(source, size, file.string(), file.stem().string(), sink);
}

}  // namespace wafersim::workload_detail
