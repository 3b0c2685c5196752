// How a struct names its fields once, for reading, writing back, the JSON schema and the table in the docs.
//
// A record is a struct with a function beside it, in its own namespace:
//
//   template <class Visitor>
//   void visit_fields(Visitor& visit, LinkSpec& link) {
//     visit.field("rate", link.rate, {.help = "each way", .low = 1_GBps});
//     visit.field("lanes", link.lanes, {.help = "lanes in use", .nothing = "auto"});  // std::optional
//     visit.field("retries", link.retries, {.help = "…", .presence = Presence::defaulted});
//   }
//
// and `read_record(tree, "", link, problems)` fills it, `write_record(link)` gives the tree that reads back
// to it, `describe_record(link)` what its fields may say (see record_schema.hpp for what that becomes).
//
// A field is a scalar (see scalar.hpp: std::uint64_t, bool, std::string, the quantities, GridSize, Fraction,
// an enum with `choices`), a std::optional of a scalar, a record, or a std::vector of scalars or records.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "wafersim/base/error.hpp"
#include "wafersim/config/scalar.hpp"
#include "wafersim/config/tree.hpp"

namespace wafersim {

// May a file leave the key out? A std::optional field may always be left out and is then nothing.
enum class Presence {
  required,   // no: the struct's own default is never used
  defaulted,  // yes: the struct keeps the value that it has
};

namespace detail {
template <class T>
struct Unwrap {
  using Type = T;
  static constexpr bool kOptional = false;
  static constexpr bool kList = false;
};
template <class T>
struct Unwrap<std::optional<T>> {
  using Type = T;
  static constexpr bool kOptional = true;
  static constexpr bool kList = false;
};
template <class T>
struct Unwrap<std::vector<T>> {
  using Type = T;
  static constexpr bool kOptional = false;
  static constexpr bool kList = true;
};
// The T of T, std::optional<T> and std::vector<T>.
template <class T>
using Inner = typename Unwrap<T>::Type;
}  // namespace detail

// What a field of type T may say.
template <class T>
struct FieldRule {
  using Bound = std::conditional_t<Scalar<detail::Inner<T>>, std::optional<detail::Inner<T>>, std::monostate>;

  std::string_view help{};                // what the field means, without a full stop
  Bound low{};                            // the least value allowed
  Bound high{};                           // the greatest
  Presence presence{Presence::required};  // see Presence
  std::string_view nothing{};             // the word, beside null, that means nothing in an optional
};

// Fills a record from a map, and collects every problem instead of stopping at the first.
class RecordReader {
 public:
  // `path` is the dotted path of `tree`, empty at the top. Adds a problem if the tree is not a map.
  RecordReader(const Tree& tree, std::string path, Problems& problems);

  template <class T>
  void field(std::string_view key, T& value, const FieldRule<std::type_identity_t<T>>& rule) {
    constexpr bool kOptional = detail::Unwrap<T>::kOptional;
    const Tree* tree = take(key, !kOptional && rule.presence == Presence::required);
    if (tree == nullptr) return;
    if constexpr (kOptional) {
      if (says_nothing(*tree, rule.nothing)) {
        value.reset();
        return;
      }
      read_value(*tree, path_of(key), value.emplace(), rule);
    } else if constexpr (detail::Unwrap<T>::kList) {
      read_list(*tree, path_of(key), value, rule);
    } else {
      read_value(*tree, path_of(key), value, rule);
    }
  }
  // The value of a key that the caller reads in a way of its own; nullptr if it is absent.
  [[nodiscard]] const Tree* take(std::string_view key, bool required);
  // Reports the keys that were neither a field nor taken. Call it last.
  void finish();

  [[nodiscard]] std::string path_of(std::string_view key) const;
  [[nodiscard]] Problems& problems() { return problems_; }

 private:
  template <class T, class Rule>
  void read_value(const Tree& tree, const std::string& path, T& value, const Rule& rule);
  template <class T, class Rule>
  void read_list(const Tree& tree, const std::string& path, std::vector<T>& values, const Rule& rule) {
    values.clear();
    if (!is_list(tree, path)) return;
    for (std::size_t i = 0; i < tree.items.size() && !has_enough_problems(); ++i)
      read_value(tree.items[i], path + "." + std::to_string(i), values.emplace_back(), rule);
  }
  // A long list may be wrong all the way through; nobody reads a million lines about it.
  [[nodiscard]] bool has_enough_problems() const;
  [[nodiscard]] static bool says_nothing(const Tree& tree, std::string_view word);
  [[nodiscard]] bool is_list(const Tree& tree, const std::string& path);
  // The text of a scalar; otherwise adds "expected …, got a map".
  [[nodiscard]] const std::string* text_of(const Tree& tree, const std::string& path,
                                           std::string_view expected);

  // The problem, unless it quotes a text that is too long for a message of one line.
  [[nodiscard]] static std::string in_one_line(const std::string& problem, const std::string& text,
                                               std::string_view expected);

  const Tree& tree_;
  std::string path_;
  Problems& problems_;
  std::vector<std::string> known_;
};

// Reads `tree` into `record`; every problem is added to `problems`, and the record is then half filled.
template <class Record>
void read_record(const Tree& tree, const std::string& path, Record& record, Problems& problems) {
  RecordReader reader{tree, path, problems};
  if (tree.kind != Tree::Kind::map) return;
  visit_fields(reader, record);
  reader.finish();
}

template <class T, class Rule>
void RecordReader::read_value(const Tree& tree, const std::string& path, T& value, const Rule& rule) {
  if constexpr (Scalar<T>) {
    const std::string* text = text_of(tree, path, ScalarFormat<T>::expected());
    if (text == nullptr) return;
    const Parsed<T> parsed = ScalarFormat<T>::parse(*text);
    std::string wrong = parsed.value ? "" : in_one_line(parsed.problem, *text, ScalarFormat<T>::expected());
    if constexpr (Ordered<T>) {
      if (parsed.value) wrong = out_of_range(*parsed.value, rule.low, rule.high);
    }
    if (wrong.empty() && parsed.value) {
      value = *parsed.value;
    } else {
      problems_.add(tree.at, path, std::move(wrong));
    }
  } else {
    read_record(tree, path, value, problems_);
  }
}

// Builds the map that reads back to a record.
class TreeWriter {
 public:
  template <class T>
  void field(std::string_view key, T& value, const FieldRule<std::type_identity_t<T>>& rule) {
    if constexpr (detail::Unwrap<T>::kOptional) {
      add(key, value ? written(*value) : nothing(rule.nothing));
    } else if constexpr (detail::Unwrap<T>::kList) {
      Tree list = make_tree(Tree::Kind::list);
      for (auto& item : value) list.items.push_back(written(item));
      add(key, std::move(list));
    } else {
      add(key, written(value));
    }
  }
  [[nodiscard]] Tree finish() { return std::move(tree_); }

 private:
  template <class T>
  static Tree written(T& value);
  static Tree nothing(std::string_view word);
  void add(std::string_view key, Tree value);

  Tree tree_ = make_tree(Tree::Kind::map);
};

// The tree that reads back to `record`.
template <class Record>
[[nodiscard]] Tree write_record(Record record) {
  TreeWriter writer;
  visit_fields(writer, record);
  return writer.finish();
}

template <class T>
Tree TreeWriter::written(T& value) {
  if constexpr (Scalar<T>) {
    // A text stays a text even if it looks like a number.
    const std::string text = ScalarFormat<T>::spell(value);
    return std::is_same_v<T, std::string> ? make_text(text) : make_plain(text);
  } else {
    return write_record(value);
  }
}

// What a field may say, in words; for the schema and the docs.
struct FieldInfo {
  std::string name;
  std::string help;
  ScalarKind kind{};  // of a scalar
  std::string low;    // spelled; empty if there is no bound
  std::string high;
  std::vector<std::string> choices;  // of an enum
  bool required{false};
  bool optional{false};  // null and `nothing` are allowed
  std::string nothing;
  bool list{false};
  std::vector<FieldInfo> fields;  // of a record; empty for a scalar
};

// Lists the fields of a record instead of touching their values.
class FieldLister {
 public:
  template <class T>
  void field(std::string_view key, T& /*value*/, const FieldRule<std::type_identity_t<T>>& rule) {
    using Inner = detail::Inner<T>;
    FieldInfo info;
    info.name = key;
    info.help = rule.help;
    info.optional = detail::Unwrap<T>::kOptional;
    info.list = detail::Unwrap<T>::kList;
    info.required = !info.optional && rule.presence == Presence::required;
    info.nothing = rule.nothing;
    if constexpr (Scalar<Inner>) {
      info.kind = ScalarFormat<Inner>::kKind;
      if (rule.low) info.low = ScalarFormat<Inner>::spell(*rule.low);
      if (rule.high) info.high = ScalarFormat<Inner>::spell(*rule.high);
      if constexpr (std::is_enum_v<Inner>) {
        for (const auto& choice : choices(Inner{})) info.choices.emplace_back(choice.name);
      }
    } else {
      FieldLister nested;
      Inner record{};
      visit_fields(nested, record);
      info.fields = nested.finish();
    }
    fields_.push_back(std::move(info));
  }
  [[nodiscard]] std::vector<FieldInfo> finish() { return std::move(fields_); }

 private:
  std::vector<FieldInfo> fields_;
};

template <class Record>
[[nodiscard]] std::vector<FieldInfo> describe_record(Record record = {}) {
  FieldLister lister;
  visit_fields(lister, record);
  return lister.finish();
}

}  // namespace wafersim
