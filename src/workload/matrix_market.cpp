// Matrix Market: a header, the size, then a line for each entry; read line by line.
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/wide.hpp"

#include "workload/quote.hpp"
#include "workload/tensor_files.hpp"

namespace wafersim::workload_detail {
namespace {

constexpr std::size_t kLongestLine = 4096;

class Lines {
 public:
  Lines(ByteSource& source, const std::string& file) : source_{source}, file_{file}, piece_(1U << 20U) {}

  // The next line without its end; nothing at the end of the file.
  std::optional<std::string_view> next() {
    line_.clear();
    ++number_;
    while (true) {
      if (at_ == end_) {
        end_ = source_.read(piece_);
        at_ = 0;
        if (end_ == 0) return line_.empty() ? std::nullopt : std::optional<std::string_view>{line_};
      }
      const char c = piece_[at_++];
      if (c == '\n') return line_;
      if (c != '\r') line_ += c;
      if (line_.size() > kLongestLine) refuse("is too long");
    }
  }
  [[noreturn]] void refuse(const std::string& message) const {
    throw InputError{{.at = {.file = file_, .line = number_, .column = 1}, .key = {}, .message = message}};
  }

 private:
  ByteSource& source_;
  const std::string& file_;
  std::vector<char> piece_;
  std::size_t at_{0};
  std::size_t end_{0};
  std::string line_;
  std::uint32_t number_{0};
};

std::string_view word(std::string_view& line) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!line.empty() && blank(line.front())) line.remove_prefix(1);
  std::size_t length = 0;
  while (length < line.size() && !blank(line[length])) ++length;
  const std::string_view found = line.substr(0, length);
  line.remove_prefix(length);
  return found;
}

std::uint64_t whole(std::string_view text, const Lines& lines) {
  std::uint64_t value = 0;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || stop != text.data() + text.size())
    lines.refuse(fmt::format("expected a whole number, got {}", in_quotes(text)));
  return value;
}

bool is_kept(std::string_view text, const Lines& lines) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool beyond = failure == std::errc::result_out_of_range;
  if ((failure != std::errc{} && !beyond) || stop != text.data() + text.size())
    lines.refuse(fmt::format("expected a number, got {}", in_quotes(text)));
  return beyond || (value != 0 && !std::isnan(value));
}

struct Banner {
  bool coordinates{};
  bool pattern{};    // entries have no value
  bool symmetric{};  // entries off the diagonal stand for two
  bool skew{};
};

Banner banner_of(std::string_view line, const Lines& lines) {
  std::string text{line};
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string_view rest = text;
  if (word(rest) != "%%matrixmarket" || word(rest) != "matrix")
    lines.refuse("is not a Matrix Market file: it does not begin with '%%MatrixMarket matrix'");
  Banner banner;
  const std::string_view format = word(rest);
  const std::string_view field = word(rest);
  const std::string_view symmetry = word(rest);
  banner.coordinates = format == "coordinate";
  banner.pattern = field == "pattern";
  banner.symmetric = symmetry == "symmetric" || symmetry == "skew-symmetric";
  banner.skew = symmetry == "skew-symmetric";
  const bool known = (banner.coordinates || format == "array") &&
                     (field == "real" || field == "integer" || field == "double" ||
                      (banner.pattern && banner.coordinates)) &&
                     (banner.symmetric || symmetry == "general");
  if (!known) lines.refuse(fmt::format("a form that is not known: {}", in_quotes(line)));
  if (!banner.coordinates && banner.symmetric) lines.refuse("symmetric arrays are not supported");
  return banner;
}

}  // namespace

void read_mtx(ByteSource& source, const std::string& file, const std::string& name, TensorSink& sink) {
  Lines lines{source, file};
  std::optional<std::string_view> line = lines.next();
  const Banner banner = banner_of(line.value_or(""), lines);
  do {
    line = lines.next();
  } while (line && (line->empty() || line->front() == '%'));
  if (!line) lines.refuse("ends before its size");
  std::string_view rest = *line;
  TensorHeader header{.name = name, .dims = {}, .type = NumberType::f64};
  header.dims = {whole(word(rest), lines), whole(word(rest), lines)};
  const Wide numbers = Wide{header.dims[0]} * header.dims[1];
  if (numbers > (Wide{1} << 62U)) lines.refuse("its size is too large to count");
  const std::uint64_t entries =
      banner.coordinates ? whole(word(rest), lines) : static_cast<std::uint64_t>(numbers);
  if (entries > numbers) lines.refuse("has more entries than its size allows");
  if (!sink.wants(header)) return;
  for (std::uint64_t i = 0; i < entries;) {
    line = lines.next();
    if (!line) lines.refuse(fmt::format("ends after {} of {} entries", i, entries));
    if (line->empty()) continue;
    rest = *line;
    std::uint64_t copies = 1;
    if (banner.coordinates) {
      const std::uint64_t row = whole(word(rest), lines);
      const std::uint64_t column = whole(word(rest), lines);
      if (row < 1 || row > header.dims[0] || column < 1 || column > header.dims[1])
        lines.refuse(fmt::format("an entry at {}, {} lies outside of {} x {}", row, column, header.dims[0],
                                 header.dims[1]));
      if (banner.symmetric && row != column) copies = 2;
    }
    if (banner.pattern || is_kept(word(rest), lines)) sink.count(copies);
    ++i;
  }
}

}  // namespace wafersim::workload_detail
