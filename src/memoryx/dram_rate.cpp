// In-order service of a repeating pattern, and the search for its period. Found once: points of a study often
// share their DRAM.
#include "wafersim/memoryx/dram_rate.hpp"

#include <algorithm>
#include <deque>
#include <numeric>
#include <optional>

#include "wafersim/base/answers.hpp"
#include "wafersim/base/wide.hpp"
#include "wafersim/memoryx/dram_channel.hpp"

namespace wafersim {

namespace {

std::uint64_t burst_bytes(const DramSpec& dram) {
  return dram.bus.count() * dram.burst_length;
}

// One burst on its way through the channel.
struct Burst {
  DramBank bank;
  std::uint64_t row{};  // differs if the row does
  bool write{false};
};

// Serves bursts in their order.
class Controller {
 public:
  explicit Controller(const DramSpec& dram)
      : channel_{dram},
        dram_{dram},
        rows_(dram.ranks * dram.bank_groups * dram.banks),
        recent_(dram.lookahead) {}

  void serve(const Burst& burst) {
    const std::uint64_t known = recent_[oldest_];
    open_row(burst, known);
    const DramBank& bank = burst.bank;
    last_ = std::max(burst.write ? channel_.first_write(bank) : channel_.first_read(bank), last_);
    if (burst.write) {
      channel_.write(bank, last_);
    } else {
      channel_.read(bank, last_);
    }
    recent_[oldest_] = last_;
    oldest_ = (oldest_ + 1) % recent_.size();
  }

  [[nodiscard]] std::uint64_t first_refresh() const { return std::max(channel_.first_refresh(), last_); }

  // Nothing of what was before is left afterwards, but the time.
  void refresh(std::uint64_t time) {
    channel_ = DramChannel{dram_};
    channel_.refresh(time);
    last_ = last_activate_ = time;
    std::fill(recent_.begin(), recent_.end(), time);
  }

 private:
  void open_row(const Burst& burst, std::uint64_t known) {
    const DramBank& bank = burst.bank;
    std::uint64_t& row = rows_[(bank.rank * dram_.bank_groups + bank.group) * dram_.banks + bank.bank];
    if (channel_.is_open(bank)) {
      if (row == burst.row) return;
      channel_.precharge(bank, std::max(channel_.first_precharge(bank), known));
    }
    last_activate_ = std::max({channel_.first_activate(bank), known, last_activate_});
    channel_.activate(bank, last_activate_);
    row = burst.row;
  }

  DramChannel channel_;
  DramSpec dram_;
  std::vector<std::uint64_t> rows_;    // open in each bank
  std::vector<std::uint64_t> recent_;  // when the last `lookahead` bursts were read or written
  std::size_t oldest_{};
  std::uint64_t last_{};
  std::uint64_t last_activate_{};
};

// Walks through the pattern batch by batch.
class Walk {
 public:
  Walk(const DramSpec& dram, const DramPattern& pattern) : dram_{dram}, pattern_{pattern} {
    // Rounds after which every batch is at the same place of the same bank again.
    const std::uint64_t cycle = bursts_in_row_set(dram) * dram.ranks * dram.banks;
    for (const DramBatch& batch : pattern.round)
      rounds_ = std::lcm(rounds_, cycle / std::gcd(cycle, batch.bursts));
  }

  void serve_batch(Controller& controller) const {
    const DramBatch& batch = pattern_.round[batch_];
    for (std::uint64_t i = 0; i < batch.bursts; ++i)
      controller.serve(burst(batch, round_ * batch.bursts + i));
  }
  [[nodiscard]] std::uint64_t bursts() const { return pattern_.round[batch_].bursts; }
  void next() {
    if (++batch_ < pattern_.round.size()) return;
    batch_ = 0;
    ++round_;
  }

  [[nodiscard]] std::size_t positions() const { return rounds_ * pattern_.round.size(); }
  [[nodiscard]] std::size_t position() const { return (round_ % rounds_) * pattern_.round.size() + batch_; }

 private:
  [[nodiscard]] Burst burst(const DramBatch& batch, std::uint64_t n) const {
    const std::uint64_t row_set = pattern_.scattered ? n / dram_.bank_groups : n / bursts_in_row_set(dram_);
    const std::uint64_t place = (row_set + batch.array) % (dram_.ranks * dram_.banks);
    // Two arrays never share a row.
    const std::uint64_t row = row_set * (pattern_.round.size() + 1) + batch.array;
    return {
        .bank = {.rank = place % dram_.ranks, .group = n % dram_.bank_groups, .bank = place / dram_.ranks},
        .row = row,
        .write = batch.write};
  }

  const DramSpec& dram_;
  const DramPattern& pattern_;
  std::uint64_t rounds_{1};
  std::uint64_t round_{};
  std::size_t batch_{};
};

// The bursts and the time of a walk until a refresh.
struct Progress {
  std::uint64_t bursts{};
  std::uint64_t time{};
};

// Serves batches until one more would make the refresh late, and refreshes; at least one batch.
void serve_until_refresh(const DramSpec& dram, Walk& walk, Controller& controller, Progress& progress) {
  const std::uint64_t due = progress.time + dram.timing.refi;
  Controller before = controller;
  bool first = true;
  for (;; first = false) {
    walk.serve_batch(controller);
    if (!first && controller.first_refresh() > due) break;
    progress.bursts += walk.bursts();
    walk.next();
    before = controller;
  }
  controller = before;
  progress.time = controller.first_refresh();
  controller.refresh(progress.time);
}

// All that a rate may depend on. A new field of a specification does not compile until it is here.
Answers::Numbers arguments_of(const DramSpec& dram, const DramPattern& pattern) {
  const auto& [capacity, share, channels, clock, bus, length, ranks, groups, banks, page, batch, lookahead,
               timing] = dram;
  const auto& [cl, cwl, rcd, rp, ras, rc, ccd_s, ccd_l, ccd_l_wr, rrd_s, rrd_l, faw, rtp, wr, wtr_s, wtr_l,
               read_to_write, rank_switch, refi, rfc] = timing;
  const auto& [round, scattered] = pattern;
  Answers::Numbers all{bus.count(),
                       length,
                       ranks,
                       groups,
                       banks,
                       page.count(),
                       batch,
                       lookahead,
                       cl,
                       cwl,
                       rcd,
                       rp,
                       ras,
                       rc,
                       ccd_s,
                       ccd_l,
                       ccd_l_wr,
                       rrd_s,
                       rrd_l,
                       faw,
                       rtp,
                       wr,
                       wtr_s,
                       wtr_l,
                       read_to_write,
                       rank_switch,
                       refi,
                       rfc,
                       scattered ? 1U : 0U};
  for (const auto& [array, write, bursts] : round) all.insert(all.end(), {array, write ? 1U : 0U, bursts});
  return all;
}

DramRate simulated_rate(const DramSpec& dram, const DramPattern& pattern) {
  Walk walk{dram, pattern};
  Controller controller{dram};
  Progress progress;
  controller.refresh(0);
  std::vector<std::optional<Progress>> seen(walk.positions());
  for (;;) {
    std::optional<Progress>& then = seen[walk.position()];
    if (then) {
      return {.bytes = (progress.bursts - then->bursts) * burst_bytes(dram),
              .clocks = progress.time - then->time};
    }
    then = progress;
    serve_until_refresh(dram, walk, controller, progress);
  }
}

}  // namespace

double DramRate::efficiency(const DramSpec& dram) const {
  return static_cast<double>(bytes) /
         (static_cast<double>(clocks) * 2.0 * static_cast<double>(dram.bus.count()));
}

DramRate steady_rate(const DramSpec& dram, const DramPattern& pattern) {
  static Answers& rates = Answers::to("dram_rate");
  const Answers::Numbers rate = rates.recall(arguments_of(dram, pattern), [&] {
    const auto& [bytes, clocks] = simulated_rate(dram, pattern);
    return Answers::Numbers{bytes, clocks};
  });
  return {.bytes = rate[0], .clocks = rate[1]};
}

std::uint64_t bursts_in_page(const DramSpec& dram) {
  return std::max<std::uint64_t>(1, dram.page.count() / burst_bytes(dram));
}

std::uint64_t bursts_in_row_set(const DramSpec& dram) {
  return bursts_in_page(dram) * dram.bank_groups;
}

BytesPerSecond sustained(const DramSpec& dram, const DramRate& rate) {
  return BytesPerSecond{multiply_divide_down(dram.clock.count() * dram.channels, rate.bytes, rate.clocks)};
}

}  // namespace wafersim
