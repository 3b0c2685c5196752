// Streaming out in program order, updating in order of arrival.
#include "wafersim/memoryx/shard.hpp"

#include <algorithm>

#include "wafersim/base/error.hpp"
#include "wafersim/base/wide.hpp"

namespace wafersim {

namespace {
StationSpec streaming(Part part, BytesPerSecond rate) {
  return {.part = part, .rate = rate, .latency = {}};
}

StationSpec updating(Part part, BytesPerSecond rate) {
  return {.part = part, .rate = rate, .latency = {}, .serving = Serving::store_and_forward, .updates = true};
}

// An amount of work on a train, spread over its chunks as they arrived.
Load spread(const Train& train, std::uint64_t amount) {
  return {.total = Bytes{amount}, .each = Bytes{divide_up(amount, train.chunks)}, .op = train.op};
}

std::uint64_t dram_clocks(const StoreWork& work, std::uint64_t count) {
  return work.dram_clocks.times(count) + work.passing_clocks.times(count);
}
}  // namespace

Shard::Shard(const sc_core::sc_module_name& name, const ShardSpec& spec, const StepProgram& program,
             Trail& trail, Faults& faults)
    : sc_module{name},
      down{"down", [this](const Train& train, const Stamp& tail) { taken(train, tail); }},
      up{"up", [this](const Train& train, const Passage& passage) { receive(train, passage); }},
      spec_{spec},
      program_{program},
      trail_{trail},
      faults_{faults},
      dram_stream_{streaming(Part::dram, spec.dram_stream), trail},
      dram_update_{updating(Part::dram, spec.dram_update), trail},
      flash_stream_{streaming(Part::flash, spec.flash_stream), trail},
      flash_read_{updating(Part::flash, spec.flash_update_read), trail},
      flash_write_{updating(Part::flash, spec.flash_update_write), trail},
      arithmetic_{updating(Part::update, spec.optimizer), trail},
      link_{spec.link, trail},
      read_ahead_{spec.read_ahead, spec.chunk, trail},
      ledger_(program.stored.size()) {
  SC_HAS_PROCESS(Shard);
  SC_METHOD(issue);
  sensitive << next_;
}

bool Shard::finished() const {
  return step_ == spec_.steps && !down.busy();
}

double Shard::progress() const {
  const double whole = static_cast<double>(program_.ops.size()) * spec_.steps;
  return (static_cast<double>(program_.ops.size()) * step_ + static_cast<double>(position_)) / whole;
}

void Shard::advance_position() {
  if (++position_ < program_.ops.size()) return;
  position_ = 0;
  ++step_;
}

// The first of the weights' equal chunks lies in as many of the update's as it is long. Those are done no
// later than on the straight line from the first to the last, because trains are convex.
Passage Shard::ready(const Ledger& ledger, std::uint64_t chunks) {
  const auto& [head, tail] = ledger.updates > step_ ? ledger.updated_before : ledger.updated;
  if (spec_.granularity == UpdateGranularity::layer) return {.head = tail, .tail = tail};
  const std::uint64_t covered = divide_up(ledger.chunks, chunks);
  if (covered == 1 || tail.at <= head.at) return {.head = head, .tail = tail};
  const Picoseconds past_head{
      multiply_divide_up((tail.at - head.at).count(), covered - 1, ledger.chunks - 1)};
  const Part part = tail.why != nullptr ? tail.why->part : Part::update;
  return {.head = trail_.after(head, past_head, part, true), .tail = tail};
}

void Shard::issue() {
  faults_.guard([this] {
    if (down.busy()) return;
    while (step_ < spec_.steps) {
      const StepOp& op = program_.ops[position_];
      if (!op.weights.reaches(spec_.lane)) {
        advance_position();
        continue;
      }
      // The update of these weights is still to come; it will wake this process.
      const bool updated = program_.stored[op.owner].contributions > 0;
      if (updated && ledger_[op.owner].updates < step_) return;
      send(op);
      return;
    }
  });
}

void Shard::send(const StepOp& op) {
  const Parcel parcel = op.weights.on_lane(spec_.lane, spec_.lanes);
  const Train train{.op = static_cast<std::uint32_t>(position_),
                    .step = step_,
                    .layer = op.layer,
                    .direction = Direction::weights,
                    .sequence = sequence_,
                    .offset = offset_,
                    .bytes = parcel.bytes(),
                    .chunks = chunks_in(op.weights.on_lane(0, spec_.lanes).bytes(), spec_.chunk),
                    .weights = parcel.weights(),
                    .contributions = 1};
  const Load load = moved(train);
  Passage passage = ready(ledger_[op.owner], train.chunks);

  from_flash_ = program_.stored[op.owner].in_flash;
  if (from_flash_) {
    in_flash_ = train;
    in_flash_.offset = flash_offset_;
    flash_offset_ += train.bytes.count();
    passage.head = later(read_ahead_.room_for_first(in_flash_), passage.head);
    passage = flash_stream_.pass(passage, load);
  }
  const StoreWork& work = program_.stored[op.owner].stream;
  passage = dram_stream_.pass(passage, spread(train, dram_clocks(work, train.bytes.count())));
  passage = link_.pass(passage, load);

  sequence_ += train.chunks;
  offset_ += train.bytes.count();
  stats_.weights_sent += train.weights;
  stats_.weight_bytes_sent += train.bytes;
  leaving_ = passage;
  advance_position();
  down.send(train, passage);
}

void Shard::taken(const Train&, const Stamp& tail) {
  link_.hold_until(tail);
  if (from_flash_) {
    read_ahead_.drained(in_flash_, {.head = leaving_.head, .tail = link_.free_at()});
    flash_stream_.hold_until(read_ahead_.room_for_last(in_flash_));
  }
  next_.notify(time_until(link_.free_at().at));
}

void Shard::receive(const Train& train, const Passage& passage) {
  const StepOp& op = program_.ops[train.op];
  const StoredLayer& stored = program_.stored[op.owner];
  Ledger& ledger = ledger_[op.owner];
  const bool last = ++ledger.contributions == stored.contributions;

  stats_.gradients_received += train.weights;
  stats_.gradient_bytes_received += train.bytes;
  stats_.contributions_received += train.contributions;
  ++stats_.trains_received;
  const Passage done = update(last ? stored.update : stored.accumulate, train, passage);
  if (last) {
    ledger.contributions = 0;
    ++ledger.updates;
    ledger.updated_before = ledger.updated;
    ledger.updated = done;
    ledger.chunks = train.chunks;
    ledger.update_time = done.tail.at - passage.tail.at;
    stats_.updates += train.weights;
    if (!down.busy()) next_.notify(sc_core::SC_ZERO_TIME);
  }
  // The store has a place for every gradient, so it never refuses one.
  up.accept(passage.tail);
}

// Traffic and arithmetic of one update run side by side; a chunk is done when the slowest of them is.
Passage Shard::update(const StoreWork& work, const Train& train, const Passage& arrived) {
  const Passage in{.head = work.needs_whole ? arrived.tail : arrived.head, .tail = arrived.tail};
  const auto load = [&](std::uint64_t each) { return spread(train, (Bytes{train.weights} * each).count()); };
  const auto slower = [](const Passage& a, const Passage& b) -> Passage {
    return {.head = later(a.head, b.head), .tail = later(a.tail, b.tail)};
  };
  const Passage calculated = arithmetic_.pass(in, load(work.flops));
  Passage moved = in;
  if (work.flash_reads > 0) moved = flash_read_.pass(moved, load(work.flash_reads));
  if (work.flash_writes > 0) moved = flash_write_.pass(moved, load(work.flash_writes));
  const Passage in_dram = dram_update_.pass(in, spread(train, dram_clocks(work, train.weights)));
  return slower(slower(calculated, moved), in_dram);
}

}  // namespace wafersim
