// A temporary file beside the target, renamed when it is complete.
#include "wafersim/report/output.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wafersim/base/error.hpp"

namespace wafersim {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& file, const std::string& message) {
  throw InputError{{.at = {.file = file.string()}, .key = {}, .message = message}};
}
[[noreturn]] void refuse(const fs::path& file, int reason) {
  refuse(file, "cannot be written: " + std::generic_category().message(reason));
}

// 0, or why it failed.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

mode_t usual_mode() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666U & ~mask;
}

// Through symbolic links, so that a link stays a link.
fs::path real_target(const fs::path& file) {
  std::error_code failure;
  const fs::path target = fs::canonical(file, failure);
  return failure ? file : target;
}

bool is_special(const fs::path& file) {
  std::error_code failure;
  const fs::file_status status = fs::status(file, failure);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path{"."};
}

}  // namespace

void require_writable(const fs::path& file) {
  std::error_code failure;
  if (file.empty() || file.filename().empty()) refuse(file, "expected the name of a file");
  if (fs::is_directory(file, failure)) refuse(file, "is a directory, expected a file");
  const fs::path folder = folder_of(file);
  if (!fs::is_directory(folder, failure)) refuse(file, "there is no folder '" + folder.string() + "'");
  const fs::path needed = is_special(file) ? file : folder_of(real_target(file));
  if (::access(needed.c_str(), W_OK) != 0) refuse(file, errno);
}

OutputFile::OutputFile(fs::path file) : file_{std::move(file)} {
  require_writable(file_);
  target_ = real_target(file_);
  if (is_special(file_)) {
    descriptor_ = ::open(file_.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) refuse(file_, errno);
    return;
  }
  hold_back_signals();
  temporary_ = target_.string() + ".XXXXXX";
  descriptor_ = ::mkstemp(temporary_.data());
  if (descriptor_ >= 0) return;
  const int reason = errno;
  ::sigprocmask(SIG_SETMASK, &signals_before_, nullptr);
  refuse(file_, reason);
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (temporary_.empty()) return;
  ::unlink(temporary_.c_str());
  ::sigprocmask(SIG_SETMASK, &signals_before_, nullptr);
}

// Ctrl-C and its like wait while a temporary file exists.
void OutputFile::hold_back_signals() {
  sigset_t all;
  sigemptyset(&all);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&all, signal);
  ::sigprocmask(SIG_BLOCK, &all, &signals_before_);
}

void OutputFile::write(std::string_view text) {
  const int reason = write_all(descriptor_, text);
  if (reason != 0) refuse(file_, reason);
}

void OutputFile::commit() {
  int reason = 0;
  if (!temporary_.empty() && ::fchmod(descriptor_, usual_mode()) != 0) reason = errno;
  if (::close(std::exchange(descriptor_, -1)) != 0 && reason == 0) reason = errno;
  if (reason == 0 && !temporary_.empty() && ::rename(temporary_.c_str(), target_.c_str()) != 0)
    reason = errno;
  if (reason != 0) refuse(file_, reason);
  if (temporary_.empty()) return;
  temporary_.clear();
  ::sigprocmask(SIG_SETMASK, &signals_before_, nullptr);
}

void save(const fs::path& file, std::string_view text) {
  OutputFile output{file};
  output.write(text);
  output.commit();
}

void print(std::string_view text) {
  const int reason = write_all(STDOUT_FILENO, text);
  if (reason != 0) refuse("standard output", reason);
}

}  // namespace wafersim
