// fork and exec, with the output in memory: nothing is left behind, whatever happens.
#include "study/process_pool.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <map>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wafersim/base/error.hpp"

namespace wafersim::study_detail {
namespace {

[[noreturn]] void fail(const char* what) {
  throw InternalFault{std::string{what} + ": " + std::generic_category().message(errno)};
}

// A file without a name.
class MemoryFile {
 public:
  MemoryFile() : descriptor_{::memfd_create("wafersim", MFD_CLOEXEC)} {
    if (descriptor_ < 0) fail("no memory file for a process");
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  MemoryFile(MemoryFile&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
  MemoryFile& operator=(MemoryFile&&) = delete;
  ~MemoryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::string text() const {
    std::string all;
    std::array<char, 65536> block{};
    while (true) {
      const ssize_t got = ::pread(descriptor_, block.data(), block.size(), static_cast<off_t>(all.size()));
      if (got <= 0) return all;
      all.append(block.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  int descriptor_;
};

struct Running {
  std::size_t index;
  MemoryFile output;
  MemoryFile errors;
};

pid_t start(const Command& command, const Running& files) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  // Only calls that are safe after fork from here on. A child does not outlive its study.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(128 + SIGTERM);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(files.output.descriptor(), STDOUT_FILENO);
  ::dup2(files.errors.descriptor(), STDERR_FILENO);
  ::execv(words.front(), words.data());
  ::_exit(127);
}

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

void run_all(const std::vector<Command>& commands, std::size_t at_once,
             const std::function<void(Finished)>& on_finished) {
  std::map<pid_t, Running> running;
  std::size_t next = 0;
  while (next < commands.size() || !running.empty()) {
    if (next < commands.size() && running.size() < std::max<std::size_t>(at_once, 1)) {
      Running files{.index = next, .output = {}, .errors = {}};
      const pid_t child = start(commands[next], files);
      if (child < 0) fail("cannot start a process");
      running.emplace(child, std::move(files));
      ++next;
      continue;
    }
    int status = 0;
    const pid_t child = ::waitpid(-1, &status, 0);
    if (child < 0 && errno == EINTR) continue;
    if (child < 0) fail("lost a process");
    const auto ended = running.find(child);
    if (ended == running.end()) continue;
    const Running& files = ended->second;
    on_finished({.index = files.index,
                 .exit_code = exit_code_of(status),
                 .output = files.output.text(),
                 .errors = files.errors.text()});
    running.erase(ended);
  }
}

}  // namespace wafersim::study_detail
