// Names are looked up among the point's settings first, then among the defaults.
#include "study/names.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "wafersim/base/suggest.hpp"
#include "wafersim/study/points.hpp"

namespace wafersim::study_detail {
namespace {

bool means(const std::string& key, const std::string& name) {
  return key == name ||
         (key.size() > name.size() && key.ends_with(name) && key[key.size() - name.size() - 1] == '.');
}

std::vector<std::string> keys_named(const std::vector<std::string>& keys, const std::string& name) {
  std::vector<std::string> found;
  for (const std::string& key : keys) {
    if (key == name) return {key};
    if (means(key, name)) found.push_back(key);
  }
  return found;
}

std::vector<std::string> keys_of(const std::vector<Override>& settings) {
  std::vector<std::string> keys;
  for (const Override& setting : settings) keys.push_back(setting.key);
  return keys;
}

const Override* find(const std::vector<Override>& settings, const std::string& name) {
  const auto exact =
      std::find_if(settings.begin(), settings.end(), [&](const Override& s) { return s.key == name; });
  if (exact != settings.end()) return &*exact;
  const auto found =
      std::find_if(settings.begin(), settings.end(), [&](const Override& s) { return means(s.key, name); });
  return found == settings.end() ? nullptr : &*found;
}

}  // namespace

std::string key_of_name(const Study& study, const std::string& name, const SourceLocation& at) {
  std::vector<std::string> own = wafersim::keys_of(study);
  for (const Override& held : held_settings(study)) own.push_back(held.key);
  std::vector<std::string> found = keys_named(own, name);
  const std::vector<std::string> others = keys_of(study.defaults);
  if (found.empty()) found = keys_named(others, name);
  if (found.size() == 1) return found.front();
  if (found.size() > 1) {
    throw InputError{{.at = at,
                      .key = name,
                      .message = fmt::format("may be '{}' or '{}': give more of it", found[0], found[1])}};
  }
  own.insert(own.end(), others.begin(), others.end());
  const std::size_t all = own.size();
  for (std::size_t i = 0; i < all; ++i) own.push_back(own[i].substr(own[i].rfind('.') + 1));
  const std::optional<std::string> near = nearest_word(name, own);
  throw InputError{
      {.at = at,
       .key = name,
       .message = near ? fmt::format("unknown key (did you mean '{}'?)", *near) : "unknown key"}};
}

std::string value_of_name(const Study& study, const std::vector<Override>& settings,
                          const std::string& name) {
  if (const Override* set = find(settings, name)) return set->value;
  const std::vector<Override> held = held_settings(study);
  if (const Override* set = find(held, name)) return set->value;
  const Override* set = find(study.defaults, name);
  return set == nullptr ? std::string{} : set->value;
}

}  // namespace wafersim::study_detail
