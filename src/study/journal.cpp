// Appends with O_APPEND and one write a line; remembers where each line stands rather than what it says.
#include "study/journal.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <boost/uuid/string_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <unistd.h>

#include "wafersim/base/error.hpp"
#include "wafersim/study/run_key.hpp"

namespace wafersim::study_detail {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kSchema = "wafersim.journal/1";
constexpr std::string_view kKeyBegins = R"({"key":")";
constexpr std::string_view kLost = R"(","lost":true)";  // behind the key
constexpr std::size_t kBlock = 1U << 20U;

[[noreturn]] void refuse(const fs::path& file, const std::string& message, std::uint32_t line = 0) {
  throw InputError{{.at = {.file = file.string(), .line = line, .column = line == 0 ? 0U : 1U},
                    .key = {},
                    .message = message}};
}

std::string header_of(const JournalIdentity& identity) {
  return Json{{"schema", kSchema},
              {"study", identity.study},
              {"machine", identity.machine},
              {"workload", identity.workload}}
             .dump() +
         '\n';
}

std::string in_words(const JournalIdentity& identity) {
  return fmt::format("'{}' ({}, {})", identity.study, identity.machine, identity.workload);
}

void check_header(const fs::path& file, std::string_view line, const JournalIdentity& expected) {
  const Json header = Json::parse(line, nullptr, false);
  if (!header.is_object() || header.value("schema", "") != kSchema)
    refuse(file, "is no journal of a sweep", 1);
  const JournalIdentity found{header.value("study", ""), header.value("machine", ""),
                              header.value("workload", "")};
  if (found == expected) return;
  refuse(file,
         fmt::format("was written by another study: {}, not {}; choose another folder", in_words(found),
                     in_words(expected)),
         1);
}

bool is_journal(const fs::path& file) {
  return file.filename().string().starts_with("journal-") && file.extension() == ".jsonl";
}

// Held as long as the file is open. Forked workers do not inherit it.
void lock(const fs::path& file, int descriptor) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(descriptor, F_SETLK, &whole) != 0) refuse(file, "another sweep is writing it");
}

std::string read_at(int descriptor, std::uint64_t offset, std::size_t length) {
  std::string text(length, '\0');
  std::size_t done = 0;
  while (done < length) {
    const ssize_t got =
        ::pread(descriptor, text.data() + done, length - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  text.resize(done);
  return text;
}

}  // namespace

JournalIdentity identity_of(const Study& study) {
  return {.study = study.name,
          .machine = study.machine.filename().string(),
          .workload = study.workload.filename().string()};
}

Journal::Journal() {
  files_.push_back({.path = "journal", .descriptor = ::memfd_create("journal", MFD_CLOEXEC), .end = 0});
  if (files_[0].descriptor < 0) throw InternalFault{"no memory file for the journal"};
}

Journal::Journal(const fs::path& folder, const JournalIdentity& identity)
    : folder_{folder}, identity_{identity} {
  std::error_code failure;
  std::vector<fs::path> names;
  for (const auto& entry : fs::directory_iterator{folder, failure}) {
    if (is_journal(entry.path())) names.push_back(entry.path());
  }
  std::sort(names.begin(), names.end());
  for (const fs::path& name : names) read_file(name);
}

Journal::Journal(Journal&& other) noexcept
    : folder_{std::move(other.folder_)},
      identity_{std::move(other.identity_)},
      files_{std::exchange(other.files_, {})},
      own_{other.own_},
      places_{std::move(other.places_)},
      lost_{std::move(other.lost_)} {
}

Journal::~Journal() {
  for (const File& file : files_) {
    if (file.descriptor >= 0) ::close(file.descriptor);
  }
}

void Journal::read_file(const fs::path& path) {
  File file{.path = path, .descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC), .end = 0};
  if (file.descriptor < 0) refuse(path, "cannot be read: " + std::generic_category().message(errno));
  files_.push_back(std::move(file));
  scan(static_cast<std::uint32_t>(files_.size() - 1));
}

void Journal::scan(std::uint32_t index) {
  std::string text;
  std::uint64_t begin = 0;  // of `text` in the file
  std::uint32_t number = 0;
  while (true) {
    const std::string block = read_at(files_[index].descriptor, begin + text.size(), kBlock);
    if (block.empty()) break;
    text += block;
    std::size_t line = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', line)) {
      take_line(index, std::string_view{text}.substr(line, end - line), begin + line, ++number);
      line = end + 1;
    }
    text.erase(0, line);
    begin += line;
  }
  files_[index].end = begin;
}

void Journal::take_line(std::uint32_t index, std::string_view line, std::uint64_t offset,
                        std::uint32_t number) {
  const fs::path& path = files_[index].path;
  if (number == 1) return check_header(path, line, identity_);
  const bool whole =
      line.starts_with(kKeyBegins) && line.ends_with('}') && line.size() > kKeyBegins.size() + kRunKeyLength;
  if (!whole) refuse(path, "is no line of a journal: the file is damaged; remove the line", number);
  try {
    const std::string_view key = line.substr(kKeyBegins.size(), kRunKeyLength);
    remember(boost::uuids::string_generator{}(key.begin(), key.end()),
             {.file = index, .length = static_cast<std::uint32_t>(line.size()), .offset = offset},
             line.substr(kKeyBegins.size() + kRunKeyLength).starts_with(kLost));
  } catch (const std::runtime_error&) {
    refuse(path, "has no key: the file is damaged; remove the line", number);
  }
}

void Journal::remember(const boost::uuids::uuid& key, const Place& place, bool lost) {
  if (!lost) {
    places_.try_emplace(key, place);
    lost_.erase(key);
  } else if (!places_.contains(key)) {
    lost_.insert_or_assign(key, place);
  }
}

fs::path Journal::file_of(const Shard& shard) const {
  return folder_ / fmt::format("journal-{}-of-{}.jsonl", shard.number, shard.of);
}

bool Journal::has_file_of(const Shard& shard) const {
  const fs::path path = file_of(shard);
  return std::any_of(files_.begin(), files_.end(), [&](const File& file) { return file.path == path; });
}

void Journal::open_for(const Shard& shard) {
  const fs::path path = file_of(shard);
  const auto known =
      std::find_if(files_.begin(), files_.end(), [&](const File& file) { return file.path == path; });
  own_ = static_cast<std::size_t>(known - files_.begin());
  // Closing any descriptor of a file gives up its lock, so the old one goes first.
  if (known != files_.end()) ::close(std::exchange(known->descriptor, -1));
  if (known == files_.end()) files_.push_back({.path = path, .descriptor = -1, .end = 0});
  File& own = files_[own_];
  own.descriptor = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (own.descriptor < 0) refuse(path, "cannot be written: " + std::generic_category().message(errno));
  lock(path, own.descriptor);
  scan(static_cast<std::uint32_t>(own_));  // somebody may have written since
  if (::ftruncate(own.descriptor, static_cast<off_t>(own.end)) != 0)
    refuse(path, "cannot be written: " + std::generic_category().message(errno));
  if (own.end == 0) append(header_of(identity_));
}

JournalEntry Journal::read(const boost::uuids::uuid& key) const {
  const auto ended = places_.find(key);
  const Place& place = ended != places_.end() ? ended->second : lost_.at(key);
  const File& file = files_[place.file];
  const std::string line = read_at(file.descriptor, place.offset, place.length);
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("exit_code"))
    refuse(file.path, "is damaged: a line cannot be read back");
  JournalEntry entry{.exit_code = json.value("exit_code", 0),
                     .document = {},
                     .error = json.value("error", ""),
                     .lost = json.value("lost", false)};
  if (json.contains("result"))
    entry.document = json["result"].dump(-1, ' ', false, Json::error_handler_t::replace);
  return entry;
}

void Journal::add(const boost::uuids::uuid& key, const JournalEntry& entry) {
  std::string line = fmt::format(R"({}{}{},"exit_code":{},)", kKeyBegins, boost::uuids::to_string(key),
                                 entry.lost ? kLost : "\"", entry.exit_code);
  if (entry.document.empty()) {
    line += R"("error":)" + Json(entry.error).dump(-1, ' ', false, Json::error_handler_t::replace) + "}";
  } else {
    line += R"("result":)" + entry.document + "}";
  }
  const Place place{.file = static_cast<std::uint32_t>(own_),
                    .length = static_cast<std::uint32_t>(line.size()),
                    .offset = files_[own_].end};
  append(line + '\n');
  remember(key, place, entry.lost);
}

void Journal::append(const std::string& line) {
  File& file = files_[own_];
  ssize_t written = 0;
  do {
    written = ::write(file.descriptor, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(line.size())) {
    file.end += line.size();
    return;
  }
  const int reason = written < 0 ? errno : ENOSPC;
  // Even where this fails the torn line does no harm: it has no end.
  const bool cut = ::ftruncate(file.descriptor, static_cast<off_t>(file.end)) == 0;
  refuse(file.path,
         fmt::format("cannot be written: {}; {} finished points are kept{}: go on with --resume",
                     std::generic_category().message(reason), places_.size(), cut ? "" : " whole"));
}

}  // namespace wafersim::study_detail
