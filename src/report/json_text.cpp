// nlohmann knows no integers beyond 64 bits; what it cannot hold travels as a marked string.
#include "report/json_text.hpp"

namespace wafersim::report_detail {
namespace {

// No text that a user can write begins with this: readers refuse control characters.
constexpr char kMark = '\x01';
constexpr std::size_t kOpenLevels = 2;

class Writer {
 public:
  explicit Writer(std::size_t open_levels) : open_levels_{open_levels} {}

  void write(const Json& value, std::size_t depth) {
    if (value.is_object() && !value.empty()) {
      write_object(value, depth);
    } else if (value.is_array() && !value.empty()) {
      write_array(value, depth);
    } else if (value.is_string() && value.get_ref<const std::string&>().starts_with(kMark)) {
      out += value.get_ref<const std::string&>().substr(1);
    } else {
      out += value.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
  }

  std::string out;

 private:
  void separate(bool first, std::size_t depth) {
    if (!first) out += ',';
    if (depth < open_levels_) {
      out += '\n' + std::string(2 * (depth + 1), ' ');
    } else if (!first) {
      out += ' ';
    }
  }
  void close(char bracket, std::size_t depth) {
    if (depth < open_levels_) out += '\n' + std::string(2 * depth, ' ');
    out += bracket;
  }
  void write_object(const Json& value, std::size_t depth) {
    out += '{';
    bool first = true;
    for (const auto& [key, item] : value.items()) {
      separate(first, depth);
      first = false;
      out += Json(key).dump(-1, ' ', false, Json::error_handler_t::replace) + ": ";
      write(item, depth + 1);
    }
    close('}', depth);
  }
  void write_array(const Json& value, std::size_t depth) {
    out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      separate(i == 0, depth);
      write(value[i], depth + 1);
    }
    close(']', depth);
  }

  std::size_t open_levels_;
};

std::string written(const Json& json, std::size_t open_levels) {
  Writer writer{open_levels};
  writer.write(json, 0);
  return std::move(writer.out);
}

}  // namespace

Json verbatim(const std::string& json) {
  return kMark + json;
}

Json exact(Wide value) {
  if (value <= std::numeric_limits<std::uint64_t>::max()) return static_cast<std::uint64_t>(value);
  return verbatim(to_decimal(value));
}

Json embedded(const Tree& tree, std::size_t depth) {
  // Line ends inside strings are escaped, so every one that is found is layout.
  std::string text;
  for (const char c : to_indented_json(tree)) {
    text += c;
    if (c == '\n') text.append(2 * depth, ' ');
  }
  return verbatim(text);
}

std::string document(const Json& json) {
  return written(json, kOpenLevels) + '\n';
}

std::string one_line(const Json& json) {
  return written(json, 0);
}

}  // namespace wafersim::report_detail
