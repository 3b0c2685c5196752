// The finished points of a study: files of one line per point that only ever grow; private to this room.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/functional/hash.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_hash.hpp>

#include "wafersim/study/points.hpp"

namespace wafersim::study_detail {

// What a journal belongs to. A study whose axes change stays the same study.
struct JournalIdentity {
  std::string study;
  std::string machine;
  std::string workload;

  friend bool operator==(const JournalIdentity&, const JournalIdentity&) = default;
};

[[nodiscard]] JournalIdentity identity_of(const Study& study);

// What a line says beside its key.
struct JournalEntry {
  int exit_code{};
  std::string document;  // of a point that has figures
  std::string error;     // of one that failed
  bool lost{};           // it failed with its process, not by itself: a second try may do
};

// Every line is `{"key":"…","exit_code":N,"result":{…}}` or `{…,"error":"…"}`, or `{"key":"…","lost":true,…}`
// of a point that was lost with its process, and is written by one call, so that a process that is killed
// leaves at most one line without an end. Such a line is no line: readers pass over it and the next writer
// cuts it off. A point that is lost counts only as long as no line says how it ended. A file belongs to one
// writer at a time.
class Journal {
 public:
  // In memory.
  Journal();
  // Reads all journals of the folder. Throws InputError: of another study, damaged.
  Journal(const std::filesystem::path& folder, const JournalIdentity& identity);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&&) = delete;
  ~Journal();

  // Whether the shard has written before.
  [[nodiscard]] bool has_file_of(const Shard& shard) const;
  // Takes the file of the shard for writing. Throws InputError: cannot be written, or somebody else writes
  // it.
  void open_for(const Shard& shard);

  [[nodiscard]] std::size_t size() const { return places_.size() + lost_.size(); }
  // Whether the point has ended, by itself.
  [[nodiscard]] bool has(const boost::uuids::uuid& key) const { return places_.contains(key); }
  [[nodiscard]] bool has_lost(const boost::uuids::uuid& key) const { return lost_.contains(key); }
  // Of a point that has ended or is lost.
  [[nodiscard]] JournalEntry read(const boost::uuids::uuid& key) const;
  // Throws InputError if the disk is full; what was there before stays whole.
  void add(const boost::uuids::uuid& key, const JournalEntry& entry);

 private:
  struct Place {
    std::uint32_t file;
    std::uint32_t length;
    std::uint64_t offset;
  };
  struct File {
    std::filesystem::path path;
    int descriptor{-1};
    std::uint64_t end{};  // of its last whole line
  };

  using Places = std::unordered_map<boost::uuids::uuid, Place, boost::hash<boost::uuids::uuid>>;

  [[nodiscard]] std::filesystem::path file_of(const Shard& shard) const;
  void read_file(const std::filesystem::path& path);
  void scan(std::uint32_t index);
  void take_line(std::uint32_t index, std::string_view line, std::uint64_t offset, std::uint32_t number);
  void append(const std::string& line);
  void remember(const boost::uuids::uuid& key, const Place& place, bool lost);

  std::filesystem::path folder_;
  JournalIdentity identity_;
  std::vector<File> files_;
  std::size_t own_{0};  // of files_: the one that is written
  Places places_;
  Places lost_;  // that no line in places_ is of
};

}  // namespace wafersim::study_detail
