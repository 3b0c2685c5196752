// Tables that stop growing at some size: a study of random sparsities never asks the same twice.
#include "wafersim/base/answers.hpp"

#include <charconv>
#include <functional>

namespace wafersim {
namespace {

constexpr std::size_t kMost = 20'000;  // of one function: some megabytes

using Tables = std::map<std::string, Answers, std::less<>>;

Tables& tables() {
  static Tables all;
  return all;
}

// What comes before the next `end`, which goes too; everything if there is none.
std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return taken;
}

std::string spelled(const Answers::Numbers& numbers) {
  std::string text;
  for (const std::uint64_t number : numbers) text += ' ' + std::to_string(number);
  return text;
}

Answers::Numbers numbers_in(std::string_view text) {
  Answers::Numbers numbers;
  take_until(text, ' ');
  while (!text.empty()) {
    const std::string_view digits = take_until(text, ' ');
    std::from_chars(digits.data(), digits.data() + digits.size(), numbers.emplace_back());
  }
  return numbers;
}

}  // namespace

Answers& Answers::to(std::string_view function) {
  const auto known = tables().find(function);
  return known != tables().end() ? known->second : tables()[std::string{function}];
}

const Answers::Numbers* Answers::known(const Numbers& arguments) const {
  const auto found = answers_.find(arguments);
  return found == answers_.end() ? nullptr : &found->second;
}

void Answers::add(const Numbers& arguments, const Numbers& answer) {
  if (answers_.size() >= kMost || !answers_.emplace(arguments, answer).second) return;
  news_ += spelled(arguments) + '=' + spelled(answer) + ';';
}

std::string Answers::take_news() {
  std::string news;
  for (auto& [function, answers] : tables()) {
    if (answers.news_.empty()) continue;
    news += function + ':' + answers.news_ + '|';
    answers.news_.clear();
  }
  return news;
}

void Answers::learn(std::string_view news) {
  while (!news.empty()) {
    std::string_view of_one = take_until(news, '|');
    Answers& answers = to(take_until(of_one, ':'));
    while (!of_one.empty()) {
      std::string_view answer = take_until(of_one, ';');
      const Numbers arguments = numbers_in(take_until(answer, '='));
      if (answers.answers_.size() < kMost) answers.answers_.emplace(arguments, numbers_in(answer));
    }
  }
}

}  // namespace wafersim
