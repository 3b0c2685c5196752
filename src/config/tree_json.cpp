// Writes a tree as JSON.
#include <charconv>

#include <fmt/format.h>

#include "wafersim/config/tree.hpp"

namespace wafersim {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

// JSON's grammar of a number, and small enough that readers of JSON can hold it.
bool is_json_number(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const std::size_t whole = at;
  at = skip_digits(text, at);
  if (at == whole || (text[whole] == '0' && at > whole + 1)) return false;
  if (at < text.size() && text[at] == '.') {
    const std::size_t part = at + 1;
    at = skip_digits(text, part);
    if (at == part) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t exponent = at;
    at = skip_digits(text, at);
    if (at == exponent) return false;
  }
  if (at != text.size()) return false;
  double value = 0;
  return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{};
}

void write_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

void write_scalar(std::string& out, const Tree& tree) {
  const bool plain = !tree.quoted && (tree.text == "true" || tree.text == "false" || tree.text == "null" ||
                                      is_json_number(tree.text));
  if (plain) {
    out += tree.text;
  } else {
    write_string(out, tree.text);
  }
}

// How far to indent; `compact` puts everything on one line.
class JsonWriter {
 public:
  explicit JsonWriter(bool compact) : compact_{compact} {}

  void write(const Tree& tree, std::size_t depth) {
    switch (tree.kind) {
      case Tree::Kind::null:
        out += "null";
        break;
      case Tree::Kind::scalar:
        write_scalar(out, tree);
        break;
      case Tree::Kind::list:
        write_list(tree, depth);
        break;
      case Tree::Kind::map:
        write_map(tree, depth);
        break;
    }
  }

  std::string out;

 private:
  void new_line(std::size_t depth) {
    if (compact_) return;
    out += '\n';
    out.append(2 * depth, ' ');
  }
  void write_list(const Tree& tree, std::size_t depth) {
    out += '[';
    for (const Tree& item : tree.items) {
      if (&item != tree.items.data()) out += ',';
      new_line(depth + 1);
      write(item, depth + 1);
    }
    if (!tree.items.empty()) new_line(depth);
    out += ']';
  }
  void write_map(const Tree& tree, std::size_t depth) {
    out += '{';
    for (const Tree::Entry& entry : tree.entries) {
      if (&entry != tree.entries.data()) out += ',';
      new_line(depth + 1);
      write_string(out, entry.key);
      out += compact_ ? ":" : ": ";
      write(entry.value, depth + 1);
    }
    if (!tree.entries.empty()) new_line(depth);
    out += '}';
  }

  bool compact_;
};

}  // namespace

std::string to_json(const Tree& tree) {
  JsonWriter writer{true};
  writer.write(tree, 0);
  return std::move(writer.out);
}

std::string to_indented_json(const Tree& tree) {
  JsonWriter writer{false};
  writer.write(tree, 0);
  return std::move(writer.out);
}

}  // namespace wafersim
