// Readers of files of tensors: a tensor at a time, a piece at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wafersim::workload_detail {

enum class NumberType { f16, bf16, f32, f64, u8, u16, u32, u64, boolean };  // u: whole numbers of either sign

struct TensorHeader {
  std::string name;  // as the file has it
  std::vector<std::uint64_t> dims;
  NumberType type{};

  [[nodiscard]] std::uint64_t numbers()
      const;  // of all dimensions; a reader has checked that it is countable
};

// What a reader tells about what it finds.
class TensorSink {
 public:
  TensorSink() = default;
  TensorSink(const TensorSink&) = delete;
  TensorSink& operator=(const TensorSink&) = delete;
  virtual ~TensorSink() = default;

  // Whether the numbers of this tensor are wanted. May throw InputError.
  virtual bool wants(const TensorHeader& header) = 0;
  // So many of the numbers of the tensor last wanted are neither zero nor NaN; called once for each piece.
  virtual void count(std::uint64_t kept) = 0;
  // A piece of them, one behind the other; counted, unless a sink wants more. A file of coordinates only
  // counts.
  virtual void numbers(NumberType type, std::span<const char> bytes);
};

// Where bytes come from.
class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  // Fills as much of `into` as there is, and gives how much that was; 0 at the end.
  virtual std::size_t read(std::span<char> into) = 0;
};

// Whether the name ends like one of those below.
[[nodiscard]] bool is_tensor_file(const std::filesystem::path& file);
// Reads whatever the name says it is. Each throws InputError that names `file` if the bytes are not what they
// say.
void read_tensors(const std::filesystem::path& file, TensorSink& sink);
void read_npy(ByteSource& source, std::uint64_t size, const std::string& file, const std::string& name,
              TensorSink& sink);
void read_npz(const std::filesystem::path& file, TensorSink& sink);
void read_npz_bytes(std::string_view bytes, const std::string& file, TensorSink& sink);
void read_mtx(ByteSource& source, const std::string& file, const std::string& name, TensorSink& sink);

// The header of a .safetensors file of `size` bytes, which follows its first eight.
struct SafeTensor {
  TensorHeader header;
  std::uint64_t begin{};  // in the file
  std::uint64_t end{};
};
[[nodiscard]] std::vector<SafeTensor> parse_safetensors(std::string_view json, std::uint64_t data_begin,
                                                        std::uint64_t size, const std::string& file);
void read_safetensors(const std::filesystem::path& file, TensorSink& sink);
void read_safetensors(std::istream& stream, std::uint64_t size, const std::string& file, TensorSink& sink);
// The files that an index of sharded .safetensors names, each once.
[[nodiscard]] std::vector<std::string> parse_shard_index(std::string_view json, const std::string& file);

// Numbers of a piece that are neither zero nor NaN; it holds whole numbers of them.
[[nodiscard]] std::uint64_t count_kept(NumberType type, std::span<const char> bytes);
[[nodiscard]] std::uint64_t bytes_of(NumberType type);
// Passes `count` numbers of a source to a sink. Throws InputError if there are fewer.
void stream_numbers(ByteSource& source, NumberType type, std::uint64_t count, const std::string& file,
                    TensorSink& sink);

}  // namespace wafersim::workload_detail
