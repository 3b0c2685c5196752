// Says how far long work is: one line that is written over on a terminal, now and then a plain line
// elsewhere.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace wafersim::cli {

class Progress {
 public:
  // `what` is said with the share that is done, such as "simulating".
  explicit Progress(std::string what);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  // wipes the line

  // `done` goes from 0 to 1; `detail` is a count such as "3 of 10 points", or empty.
  void show(double done, const std::string& detail = {});
  // What was done in a second since the first call; `done` counts what `detail` counts.
  [[nodiscard]] double rate(double done);

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  bool terminal_;
  bool shown_{false};
  std::optional<double> done_before_;   // at the first call: resumed work
  std::optional<double> count_before_;  // likewise
  Clock::time_point began_{Clock::now()};
  Clock::time_point last_{began_};
};

}  // namespace wafersim::cli
