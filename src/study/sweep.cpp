// Hands out points that the journal does not have, and writes down those that come back.
#include "wafersim/study/sweep.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <set>
#include <utility>

#include <boost/uuid/string_generator.hpp>

#include "wafersim/base/error.hpp"
#include "wafersim/base/exit_code.hpp"
#include "wafersim/cluster/run.hpp"
#include "wafersim/report/output.hpp"
#include "wafersim/study/run_key.hpp"

#include "study/journal.hpp"
#include "study/point_inputs.hpp"
#include "study/point_row.hpp"
#include "study/process_pool.hpp"
#include "study/sweep_parts.hpp"

namespace wafersim {
namespace {

using boost::uuids::uuid;
using study_detail::Finished;
using study_detail::Job;
using study_detail::Journal;
using study_detail::JournalEntry;
using study_detail::PointInputs;

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& place, const std::string& message) {
  throw InputError{{.at = {.file = place.string()}, .key = {}, .message = message}};
}

Journal open_journal(const Study& study, const SweepOptions& options) {
  if (options.folder.empty()) return Journal{};
  std::error_code failure;
  fs::create_directories(options.folder, failure);
  if (failure) refuse(options.folder, "cannot be made: " + failure.message());
  Journal journal{options.folder, study_detail::identity_of(study)};
  const bool again = journal.size() > 0 && (options.shard.of == 1 || journal.has_file_of(options.shard));
  if (again && !options.resume)
    refuse(options.folder,
           "has the journal of an earlier sweep: go on with --resume, or choose another folder");
  journal.open_for(options.shard);
  return journal;
}

std::string simulated(const PointInputs& inputs) {
  return study_detail::document_of(run_training_step(inputs.machine, inputs.workload.workload).outcome);
}

class Run {
 public:
  Run(const Study& study, const SweepOptions& options, Journal& journal, std::vector<uuid>& keys)
      : options_{options}, journal_{journal}, keys_{keys}, points_{study}, reader_{study} {
    counts_.points = count_points(count_points(study), options.shard);
  }

  SweepCounts run() {
    study_detail::run_jobs(options_.jobs, {.next = [this] { return next(); },
                                           .on_finished = [this](const Finished& end) { finish(end); },
                                           .stop = [this] { return stop(); }});
    return counts_;
  }

 private:
  struct Pending {
    uuid key;
    Point point;
    std::string workload;  // what the point sets of it
  };
  struct Waiting {
    Pending what;
    PointInputs inputs;
  };

  // Points that are read before one is started although its workload runs already.
  static constexpr std::size_t kAhead = 32;

  // Points of one workload ask the same of its masks, and what one finds out the others need not. So a
  // process rather starts with a workload that no other is at, if one of the next few points has such.
  std::optional<Job> next() {
    const auto free = [&](const Waiting& it) { return !is_running(it.what.workload); };
    auto chosen = std::find_if(ahead_.begin(), ahead_.end(), free);
    while (chosen == ahead_.end() && ahead_.size() < kAhead && read_ahead())
      chosen = std::find_if(std::prev(ahead_.end()), ahead_.end(), free);
    if (chosen == ahead_.end()) chosen = ahead_.begin();
    if (chosen == ahead_.end()) return {};
    const std::size_t id = next_id_++;
    pending_.emplace(id, std::move(chosen->what));
    Job job{.id = id, .work = [inputs = std::move(chosen->inputs)] { return simulated(inputs); }};
    ahead_.erase(chosen);
    return job;
  }
  [[nodiscard]] bool is_running(const std::string& workload) const {
    return std::any_of(pending_.begin(), pending_.end(),
                       [&](const auto& it) { return it.second.workload == workload; });
  }
  // The next point that has to be simulated; false if there is none.
  bool read_ahead() {
    while (std::optional<Point> point = points_.next()) {
      std::optional<PointInputs> inputs = inputs_of(*point);
      if (!options_.shard.has(point->ordinal)) continue;
      const uuid key = keys_.back();
      if (!inputs || journal_.has(key) || started_.contains(key)) {
        ++counts_.known;
        continue;
      }
      started_.insert(key);
      std::string workload;
      for (const Override& setting : point->settings) {
        if (setting.key.starts_with("workload.")) workload += setting.key + '=' + setting.value + '\n';
      }
      ahead_.push_back({.what = {.key = key, .point = std::move(*point), .workload = std::move(workload)},
                        .inputs = std::move(*inputs)});
      return true;
    }
    return false;
  }
  // Nothing, and no key, if they cannot be read: the error is found again when the row is written.
  std::optional<PointInputs> inputs_of(const Point& point) {
    keys_.emplace_back(uuid{});
    if (!options_.shard.has(point.ordinal)) return {};
    try {
      PointInputs inputs = reader_.read(point.settings);
      keys_.back() = boost::uuids::string_generator{}(run_key(inputs.machine, inputs.workload));
      return inputs;
    } catch (const InputError&) {
      return {};
    }
  }
  void finish(const Finished& end) {
    const auto pending = pending_.find(end.id);
    const bool stopped = !end.lasting && stop();  // Ctrl-C reaches the workers too
    if (!stopped) {
      journal_.add(
          pending->second.key,
          {.exit_code = end.exit_code, .document = end.output, .error = end.message, .lost = !end.lasting});
    }
    if (end.lasting) {
      ++counts_.ran;
    } else if (!stopped) {
      ++counts_.lost;
      if (options_.on_lost) options_.on_lost(pending->second.point, end.message);
    }
    started_.erase(pending->second.key);
    pending_.erase(pending);
    if (options_.on_progress)
      options_.on_progress(counts_.known + counts_.ran + counts_.lost, counts_.points);
  }
  bool stop() {
    counts_.stopped = counts_.stopped || (options_.stop && options_.stop());
    return counts_.stopped;
  }

  const SweepOptions& options_;
  Journal& journal_;
  std::vector<uuid>& keys_;
  PointStream points_;
  study_detail::PointReader reader_;
  std::size_t next_id_{0};
  std::list<Waiting> ahead_;                // read, not started
  std::map<std::size_t, Pending> pending_;  // started
  std::set<uuid> started_;
  SweepCounts counts_;
};

}  // namespace

std::pair<SweepCounts, SweepResults> run_sweep(const Study& study, const SweepOptions& options) {
  auto parts = std::make_unique<SweepResults::Parts>(study, open_journal(study, options));
  const SweepCounts counts = Run{study, options, parts->journal, parts->keys}.run();
  return {counts, SweepResults{std::move(parts)}};
}

SweepResults collect(const Study& study, const fs::path& folder) {
  auto parts =
      std::make_unique<SweepResults::Parts>(study, Journal{folder, study_detail::identity_of(study)});
  if (parts->journal.size() == 0) refuse(folder, "has no journal of a sweep");
  return SweepResults{std::move(parts)};
}

}  // namespace wafersim
