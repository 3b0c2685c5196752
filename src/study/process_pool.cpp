// A job is forked without exec: the program is there already, and its inputs too.
#include "study/process_pool.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wafersim/base/answers.hpp"
#include "wafersim/base/error.hpp"
#include "wafersim/base/exit_code.hpp"

namespace wafersim::study_detail {
namespace {

constexpr int kTooSmall = 100;  // exit code of a process that ran out of memory

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

  void write(const std::string& text) const {
    std::size_t done = 0;
    while (done < text.size()) {
      const ssize_t put = ::write(descriptor_, text.data() + done, text.size() - done);
      if (put <= 0) ::_exit(kTooSmall);
      done += static_cast<std::size_t>(put);
    }
  }
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
  std::size_t id;
  MemoryFile result;
};

// A new process pays for each page that it touches first, and a run touches some tens of megabytes: that was
// most of the time in the kernel. So the heap takes its room at once, in pages of 2 MB where the system has
// them, and gives nothing back: the process ends with its job.
void take_large_pages() {
  constexpr int kRoom =
      64 << 20;  // more than a run of a few thousand operations needs; not touched, it is free
  constexpr std::uintptr_t kPage = 2 << 20;
  constexpr std::size_t kFirst = 16 << 20;  // what the heap has no room for yet
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TOP_PAD, kRoom);
  void* const room = std::malloc(kFirst);
  // What cannot be had as large pages, or at all, comes as it always did.
  const auto begin = (reinterpret_cast<std::uintptr_t>(room) + kPage - 1) / kPage * kPage;
  const auto end = reinterpret_cast<std::uintptr_t>(::sbrk(0)) / kPage * kPage;
  if (room != nullptr && begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
  std::free(room);
}

[[noreturn]] void work(const Job& job, const MemoryFile& result, pid_t parent) {
  // The process dies with the study, even if nobody can tell it to.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kTooSmall);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_DFL);
  take_large_pages();
  int code = ExitCode::done;
  // A line of what the job found that may help those after it, then what it gives.
  try {
    (void)Answers::take_news();  // what the parent found is no news to it
    const std::string output = job.work();
    result.write(Answers::take_news() + '\n' + output);
  } catch (const std::exception& error) {
    const Ending ending = ending_of(error);
    result.write('\n' + ending.message);
    code = ending.lasting ? ending.code : kTooSmall;
  }
  // Nothing of the parent's may be closed or flushed twice.
  ::_exit(code);
}

Finished finished(const Running& process, int status) {
  Finished end{.id = process.id, .exit_code = ExitCode::fault, .lasting = false, .output = {}, .message = {}};
  if (WIFSIGNALED(status)) {
    const char* const name = ::sigabbrev_np(WTERMSIG(status));
    end.message =
        fmt::format("signal {} (SIG{}) ended the process", WTERMSIG(status), name != nullptr ? name : "?");
    return end;
  }
  const int code = WEXITSTATUS(status);
  end.exit_code = code == kTooSmall ? ExitCode::does_not_fit : code;
  end.lasting = code != kTooSmall;
  const std::string text = process.result.text();
  const std::size_t news = std::min(text.find('\n'), text.size());
  Answers::learn(std::string_view{text}.substr(0, news));
  (code == ExitCode::done ? end.output : end.message) = text.substr(std::min(news + 1, text.size()));
  return end;
}

class Pool {
 public:
  explicit Pool(const PoolCalls& calls) : calls_{calls} {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    for (const auto& [child, process] : running_) ::kill(child, SIGKILL);
    for (const auto& [child, process] : running_) ::waitpid(child, nullptr, 0);
  }

  [[nodiscard]] std::size_t running() const { return running_.size(); }

  void start(const Job& job) {
    Running process{.id = job.id, .result = {}};
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) fail("cannot start a process");
    if (child == 0) work(job, process.result, parent);
    running_.emplace(child, std::move(process));
  }

  // False if everything has to stop.
  bool wait() {
    int status = 0;
    const pid_t child = ::waitpid(-1, &status, 0);
    if (child < 0 && errno != EINTR) fail("lost a process");
    const auto ended = running_.find(child);
    if (ended != running_.end()) {
      Finished end = finished(ended->second, status);
      running_.erase(ended);
      calls_.on_finished(std::move(end));
    }
    return !calls_.stop || !calls_.stop();
  }

 private:
  const PoolCalls& calls_;
  std::map<pid_t, Running> running_;
};

}  // namespace

void run_jobs(std::size_t at_once, const PoolCalls& calls) {
  Pool pool{calls};
  bool more = true;
  while (more || pool.running() > 0) {
    if (more && pool.running() < std::max<std::size_t>(at_once, 1)) {
      const std::optional<Job> job = calls.next();
      more = job.has_value();
      if (job) pool.start(*job);
    } else if (!pool.wait()) {
      return;
    }
  }
}

}  // namespace wafersim::study_detail
