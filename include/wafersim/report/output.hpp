// Files that are either written whole or not at all.
#pragma once

#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>

namespace wafersim {

// Throws InputError if a file of that name could not be written: no such folder, no permission, a folder.
// Call it before long work.
void require_writable(const std::filesystem::path& file);

// A file that takes its place when it is complete. Every member throws InputError, and then what was there
// before stays; so it does without `commit`. A device or a pipe is written in place.
class OutputFile {
 public:
  explicit OutputFile(std::filesystem::path file);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  void write(std::string_view text);
  void commit();

 private:
  void hold_back_signals();

  std::filesystem::path file_;
  std::filesystem::path target_;
  std::string temporary_;  // empty: there is none
  int descriptor_{-1};
  sigset_t signals_before_{};
};

// Writes a file beside its place and moves it there; a device or a pipe is written in place. Throws
// InputError, and then leaves what was there before.
void save(const std::filesystem::path& file, std::string_view text);

// Writes to standard output, all of it. Throws InputError if it cannot take it.
void print(std::string_view text);

}  // namespace wafersim
