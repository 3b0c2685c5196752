// Short work stays silent: the first line appears after half a second, or after five where lines cannot be
// wiped.
#include "cli/progress.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace wafersim::cli {

namespace {
void write_to_stderr(std::string_view text) {
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;  // it is only progress
}
}  // namespace

Progress::Progress(std::string what) : what_{std::move(what)}, terminal_{::isatty(STDERR_FILENO) == 1} {
}

Progress::~Progress() {
  if (terminal_ && shown_) write_to_stderr("\r\x1b[K");
}

void Progress::show(double done, const std::string& detail) {
  const Clock::time_point now = Clock::now();
  if (!done_before_) done_before_ = now - began_ < std::chrono::seconds{1} ? done : 0.0;
  const auto pause = terminal_ ? std::chrono::milliseconds{500} : std::chrono::milliseconds{5000};
  if (now - last_ < (shown_ && terminal_ ? std::chrono::milliseconds{100} : pause)) return;
  last_ = now;
  const std::chrono::duration<double> past = now - began_;
  const double left = past.count() * (1.0 - done) / std::max(done - *done_before_, 1e-6);
  const std::string line = fmt::format("{}: {:.0f} %{}{}, {:.0f} s so far, {:.0f} s left", what_,
                                       100.0 * done, detail.empty() ? "" : ", ", detail, past.count(), left);
  write_to_stderr(terminal_ ? "\r" + line + "\x1b[K" : line + "\n");
  shown_ = true;
}

double Progress::rate(double done) {
  const std::chrono::duration<double> past = Clock::now() - began_;
  if (!count_before_) count_before_ = done;
  return (done - *count_before_) / std::max(past.count(), 1e-3);
}

}  // namespace wafersim::cli
