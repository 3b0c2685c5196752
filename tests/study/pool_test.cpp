// Jobs as processes: what they give, how they end, and how many at a time.
#include <algorithm>
#include <csignal>
#include <map>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wafersim/base/answers.hpp"
#include "wafersim/base/error.hpp"

#include "study/process_pool.hpp"

namespace wafersim::study_detail {
namespace {

using Work = std::function<std::string()>;

std::map<std::size_t, Finished> run(const std::vector<Work>& works, std::size_t at_once) {
  std::map<std::size_t, Finished> all;
  std::size_t next = 0;
  run_jobs(at_once, {.next = [&]() -> std::optional<Job> {
                       if (next == works.size()) return {};
                       const std::size_t id = next++;
                       return Job{.id = id, .work = works[id]};
                     },
                     .on_finished = [&](const Finished& one) { all[one.id] = one; },
                     .stop = {}});
  return all;
}

TEST(ProcessPool, GivesWhatAJobGivesAndWhatItComplainsAbout) {
  const auto all =
      run({[] { return std::string{"one"}; }, []() -> std::string { throw DoesNotFit{"too large"}; },
           []() -> std::string {
             throw InputError{Problem{{}, "key", "wrong"}};
           }},
          2);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all.at(0).output, "one");
  EXPECT_EQ(all.at(0).exit_code, 0);
  EXPECT_EQ(all.at(1).exit_code, 3);
  EXPECT_EQ(all.at(1).message, "too large");
  EXPECT_EQ(all.at(2).exit_code, 2);
  EXPECT_TRUE(all.at(1).lasting);
}

TEST(ProcessPool, DoesNotTakeTheEndBySignalForAResult) {
  const auto all = run({[] {
                          ::raise(SIGKILL);
                          return std::string{};
                        },
                        []() -> std::string { throw std::bad_alloc{}; }},
                       1);
  EXPECT_FALSE(all.at(0).lasting);
  EXPECT_EQ(all.at(0).message, "signal 9 (SIGKILL) ended the process");
  EXPECT_FALSE(all.at(1).lasting);
}

TEST(ProcessPool, RunsMoreJobsThanPlacesAndLongOutputs) {
  const std::vector<Work> works(9, [] { return std::string(300'000, 'x'); });
  const auto all = run(works, 2);
  ASSERT_EQ(all.size(), 9U);
  for (const auto& [id, one] : all) EXPECT_EQ(one.output.size(), 300'000U) << id;
}

TEST(ProcessPool, PassesOnWhatAJobFound) {
  const auto found = [](std::uint64_t argument) {
    return Answers::to("pool_test").recall({argument}, [] { return Answers::Numbers{7}; }).front();
  };
  (void)found(1);
  const auto all = run({[&] { return std::to_string(found(2)) + '\n'; },
                        []() -> std::string { throw DoesNotFit{"too large"}; }},
                       1);
  EXPECT_EQ(all.at(0).output, "7\n");
  EXPECT_EQ(all.at(1).message, "too large");
  const auto never = []() -> Answers::Numbers { throw std::logic_error{"it should have been known"}; };
  EXPECT_EQ(Answers::to("pool_test").recall({2}, never), Answers::Numbers{7});
}

TEST(ProcessPool, LeavesNoProcessBehindWhenItIsStopped) {
  std::size_t given = 0;
  run_jobs(3, {.next = [&]() -> std::optional<Job> {
                 ++given;
                 return Job{.id = given, .work = [first = given == 1] {
                              if (!first) ::pause();
                              return std::string{};
                            }};
               },
               .on_finished = [](const Finished&) {},
               .stop = [] { return true; }});
  EXPECT_EQ(given, 3U);
  EXPECT_EQ(::waitpid(-1, nullptr, 0), -1);  // there is no child
}

}  // namespace
}  // namespace wafersim::study_detail
