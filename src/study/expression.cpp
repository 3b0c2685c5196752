// A recursive-descent parser whose tree is evaluated once for each point.
#include "study/expression.hpp"

#include <array>
#include <cctype>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace wafersim::study_detail {

using Kind = ExpressionValue::Kind;

struct Expression::Node {
  std::string op;  // "value", "name", "not", "neg", an operator or a function
  std::size_t at{};
  ExpressionValue value{};  // of "value"
  std::string name{};       // of "name"
  std::vector<std::shared_ptr<const Node>> arguments{};
};

namespace {

using Node = Expression::Node;
using Tree = std::shared_ptr<const Node>;

constexpr std::array kUnits{"PiB/s", "TiB/s", "GiB/s", "MiB/s", "KiB/s", "PB/s", "TB/s", "GB/s",
                            "MB/s",  "kB/s",  "Pb/s",  "Tb/s",  "Gb/s",  "Mb/s", "kb/s", "B/s",
                            "b/s",   "PiB",   "TiB",   "GiB",   "MiB",   "KiB",  "PB",   "TB",
                            "GB",    "MB",    "kB",    "GHz",   "MHz",   "kHz",  "Hz",   "ps",
                            "ns",    "us",    "ms",    "B",     "s",     "%"};
constexpr std::size_t kDeepest = 100;  // parentheses in parentheses

bool in_a_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

class Parser {
 public:
  Parser(std::string_view text, std::vector<Expression::Name>& names) : text_{text}, names_{names} {}

  Tree all() {
    Tree tree = disjunction();
    skip();
    if (next_ < text_.size())
      throw ExpressionError{next_, fmt::format("did not expect '{}'", text_.substr(next_, 1))};
    return tree;
  }

 private:
  void skip() {
    while (next_ < text_.size() && text_[next_] == ' ') ++next_;
  }
  bool take(std::string_view token) {
    skip();
    if (!text_.substr(next_).starts_with(token)) return false;
    const std::size_t after = next_ + token.size();
    if (in_a_word(token.back()) && after < text_.size() && in_a_word(text_[after])) return false;
    next_ = after;
    return true;
  }
  // The first operator of `operators` that comes next; an operator stands before those it begins with.
  template <std::size_t N, class Operand>
  Tree chain(const std::array<const char*, N>& operators, const Operand& operand) {
    Tree left = operand();
    while (true) {
      const std::size_t before = next_;
      const char* found = nullptr;
      for (const char* const op : operators) {
        if (found == nullptr && take(op)) found = op;
      }
      if (found == nullptr) return left;
      left = make(found, before, {std::move(left), operand()});
    }
  }
  static Tree make(std::string op, std::size_t at, std::vector<Tree> arguments) {
    return std::make_shared<const Node>(
        Node{.op = std::move(op), .at = at, .value = {}, .name = {}, .arguments = std::move(arguments)});
  }

  Tree disjunction() {
    if (++depth_ > kDeepest) throw ExpressionError{next_, "is nested too deeply"};
    Tree tree = chain(std::array{"or"}, [&] { return chain(std::array{"and"}, [&] { return negation(); }); });
    --depth_;
    return tree;
  }
  Tree negation() {
    const std::size_t at = next_;
    std::size_t times = 0;
    while (take("not")) ++times;
    Tree tree = comparison();
    return times % 2 == 0 ? tree : make("not", at, {std::move(tree)});
  }
  Tree comparison() {
    return chain(std::array{"==", "!=", "<=", ">=", "<", ">"}, [&] { return sum(); });
  }
  Tree sum() {
    return chain(std::array{"+", "-"}, [&] { return chain(std::array{"*", "/"}, [&] { return sign(); }); });
  }
  Tree sign() {
    const std::size_t at = next_;
    bool minus = false;
    while (take("-")) minus = !minus;
    Tree tree = atom();
    return minus ? make("neg", at, {std::move(tree)}) : tree;
  }
  Tree atom() {
    skip();
    const std::size_t at = next_;
    if (at == text_.size()) throw ExpressionError{at, "ends too early"};
    if (take("(")) {
      Tree tree = disjunction();
      expect(")");
      return tree;
    }
    if (take("'")) {
      const std::size_t end = text_.find('\'', next_);
      if (end == std::string_view::npos) throw ExpressionError{at, "the quote is not closed"};
      std::string word{text_.substr(next_, end - next_)};
      next_ = end + 1;
      return constant({.kind = Kind::word, .number = 0.0, .word = std::move(word)}, at);
    }
    if (std::isdigit(static_cast<unsigned char>(text_[at])) != 0 || text_[at] == '.') return number(at);
    if (in_a_word(text_[at])) return name_or_call(at);
    throw ExpressionError{at, fmt::format("did not expect '{}'", text_.substr(at, 1))};
  }
  void expect(std::string_view token) {
    if (!take(token)) throw ExpressionError{next_, fmt::format("expected '{}'", token)};
  }
  static Tree constant(ExpressionValue value, std::size_t at) {
    return std::make_shared<const Node>(
        Node{.op = "value", .at = at, .value = std::move(value), .name = {}, .arguments = {}});
  }
  Tree number(std::size_t at) {
    const auto digit = [&](std::size_t i) {
      return i < text_.size() &&
             (std::isdigit(static_cast<unsigned char>(text_[i])) != 0 || text_[i] == '.' || text_[i] == '_');
    };
    while (digit(next_)) ++next_;
    if (next_ + 1 < text_.size() && text_[next_] == 'e') {
      const std::size_t sign_width = text_[next_ + 1] == '-' || text_[next_ + 1] == '+' ? 1 : 0;
      if (digit(next_ + 1 + sign_width)) {
        next_ += 1 + sign_width;
        while (digit(next_)) ++next_;
      }
    }
    std::string spelled{text_.substr(at, next_ - at)};
    for (const char* const unit : kUnits) {
      if (!take(unit)) continue;
      spelled += std::string{" "} + unit;
      break;
    }
    ExpressionValue value = value_of_text(spelled);
    if (value.kind == Kind::word) throw ExpressionError{at, fmt::format("'{}' is not a number", spelled)};
    return constant(std::move(value), at);
  }
  Tree name_or_call(std::size_t at) {
    while (next_ < text_.size() && (in_a_word(text_[next_]) || text_[next_] == '.')) ++next_;
    std::string name{text_.substr(at, next_ - at)};
    if (take("(")) return call(std::move(name), at);
    names_.push_back({.text = name, .at = at});
    return std::make_shared<const Node>(
        Node{.op = "name", .at = at, .value = {}, .name = std::move(name), .arguments = {}});
  }
  Tree call(std::string name, std::size_t at) {
    const bool one = name == "floor" || name == "ceil";
    if (!one && name != "min" && name != "max" && name != "mod")
      throw ExpressionError{at, fmt::format("there is no function '{}' (min, max, mod, floor, ceil)", name)};
    std::vector<Tree> arguments{disjunction()};
    while (take(",")) arguments.push_back(disjunction());
    expect(")");
    if (arguments.size() != (one ? 1 : 2))
      throw ExpressionError{at, fmt::format("{} takes {}", name, one ? "one argument" : "two arguments")};
    return make(std::move(name), at, std::move(arguments));
  }

  std::string_view text_;
  std::vector<Expression::Name>& names_;
  std::size_t next_{0};
  std::size_t depth_{0};
};

ExpressionValue plain(double number) {
  return {.kind = Kind::number, .number = number, .word = {}};
}
ExpressionValue with_kind_of(const ExpressionValue& model, double number) {
  return {.kind = model.kind, .number = number, .word = {}};
}

void require_numbers(const ExpressionValue& a, const ExpressionValue& b, const Node& node) {
  for (const ExpressionValue* side : {&a, &b}) {
    if (side->kind == Kind::word)
      throw ExpressionError{node.at, fmt::format("'{}' is not a number", side->word)};
  }
}

// Sums and comparisons are of one kind.
void require_same(const ExpressionValue& a, const ExpressionValue& b, const Node& node) {
  if (a.kind != b.kind) throw ExpressionError{node.at, "the two sides have different units"};
}

std::optional<bool> compared(const std::string& op, const ExpressionValue& a, const ExpressionValue& b) {
  if (op == "==") return a.number == b.number && a.word == b.word;
  if (op == "!=") return a.number != b.number || a.word != b.word;
  if (op == "<") return a.number < b.number;
  if (op == "<=") return a.number <= b.number;
  if (op == ">") return a.number > b.number;
  if (op == ">=") return a.number >= b.number;
  return {};
}

ExpressionValue product(const ExpressionValue& a, const ExpressionValue& b, const Node& node) {
  if (a.kind != Kind::number && b.kind != Kind::number)
    throw ExpressionError{node.at, "a quantity times a quantity has a unit that no key has"};
  return with_kind_of(a.kind == Kind::number ? b : a, a.number * b.number);
}

ExpressionValue quotient(const ExpressionValue& a, const ExpressionValue& b, const Node& node) {
  if (b.number == 0.0) throw ExpressionError{node.at, "division by zero"};
  if (b.kind == Kind::number) return with_kind_of(a, a.number / b.number);
  require_same(a, b, node);
  return plain(a.number / b.number);
}

ExpressionValue binary(const Node& node, const ExpressionValue& a, const ExpressionValue& b) {
  const std::string& op = node.op;
  if (op != "==" && op != "!=") require_numbers(a, b, node);
  if (op == "and") return plain(a.number != 0.0 && b.number != 0.0 ? 1.0 : 0.0);
  if (op == "or") return plain(a.number != 0.0 || b.number != 0.0 ? 1.0 : 0.0);
  if (op == "*") return product(a, b, node);
  if (op == "/") return quotient(a, b, node);
  const bool words = (op == "==" || op == "!=") && (a.kind == Kind::word || b.kind == Kind::word);
  if (!words) require_same(a, b, node);
  if (const std::optional<bool> is = compared(op, a, b)) return plain(*is ? 1.0 : 0.0);
  if (op == "+") return with_kind_of(a, a.number + b.number);
  if (op == "-") return with_kind_of(a, a.number - b.number);
  if (op == "min") return with_kind_of(a, std::min(a.number, b.number));
  if (op == "max") return with_kind_of(a, std::max(a.number, b.number));
  if (b.number == 0.0) throw ExpressionError{node.at, "division by zero"};
  return with_kind_of(a, std::fmod(a.number, b.number));
}

ExpressionValue evaluate(const Node& node, const Expression::Lookup& lookup) {
  if (node.op == "value") return node.value;
  if (node.op == "name") return value_of_text(lookup(node.name));
  const ExpressionValue first = evaluate(*node.arguments.front(), lookup);
  if (node.arguments.size() == 2) {
    return binary(node, first, evaluate(*node.arguments.back(), lookup));
  }
  require_numbers(first, first, node);
  if (node.op == "not") return plain(first.number == 0.0 ? 1.0 : 0.0);
  if (node.op == "neg") return with_kind_of(first, -first.number);
  return with_kind_of(first, node.op == "floor" ? std::floor(first.number) : std::ceil(first.number));
}

}  // namespace

Expression::Expression(std::string text) : text_{std::move(text)} {
  root_ = Parser{text_, names_}.all();
}

ExpressionValue Expression::value(const Lookup& lookup) const {
  return evaluate(*root_, lookup);
}

}  // namespace wafersim::study_detail
