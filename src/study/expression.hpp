// Simple arithmetic over the keys of a point: `tokens_per_node * nodes`, `link_rate >= 100 Gb/s and nodes >
// 1`; private to this room.
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace wafersim::study_detail {

// What a value of a key means: a number, a quantity in its base unit, or a word.
struct ExpressionValue {
  enum class Kind { number, bytes, rate, frequency, duration, word };

  Kind kind{Kind::number};
  double number{};   // bytes, bytes/s, hertz or picoseconds for a quantity; 0 or 1 for a comparison
  std::string word;  // of a word
};

// What is wrong with an expression, and at which of its characters (from 0).
class ExpressionError : public std::runtime_error {
 public:
  ExpressionError(std::size_t at, const std::string& message) : std::runtime_error{message}, at_{at} {}
  [[nodiscard]] std::size_t at() const { return at_; }

 private:
  std::size_t at_;
};

// Operators: or, and, not, == != < <= > >=, + -, * /, unary -; functions: min, max, mod, floor, ceil;
// numbers with the units of machine files; words in single quotes.
class Expression {
 public:
  // The value of a name; the position is for errors.
  using Lookup = std::function<std::string(const std::string& name)>;

  // Throws ExpressionError if it is not well formed.
  explicit Expression(std::string text);

  // Throws ExpressionError: units that do not go together, a division by zero.
  [[nodiscard]] ExpressionValue value(const Lookup& lookup) const;
  [[nodiscard]] bool holds(const Lookup& lookup) const { return value(lookup).number != 0.0; }
  // Its names, in their order, with their positions.
  struct Name {
    std::string text;
    std::size_t at{};
  };
  [[nodiscard]] const std::vector<Name>& names() const { return names_; }
  [[nodiscard]] const std::string& text() const { return text_; }

  struct Node;  // of the parsed tree

 private:
  std::string text_;
  std::shared_ptr<const Node> root_;
  std::vector<Name> names_;
};

// Text of a key as a value, and back: whole numbers stay whole, others have 12 significant digits.
[[nodiscard]] ExpressionValue value_of_text(const std::string& text);
[[nodiscard]] std::string text_of_value(const ExpressionValue& value);

}  // namespace wafersim::study_detail
