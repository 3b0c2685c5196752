// Plans each operation as soon as everything it depends on is known; kernel time never runs ahead of that.
#include "wafersim/wafer/wafer.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/random.hpp"
#include "wafersim/base/wide.hpp"

namespace wafersim {

namespace {

// The share of one chunk in the busy cycles, rounded up: the same on every lane.
Cycles per_chunk(Cycles busy, const Train& train) {
  return Cycles{divide_up(busy.count(), train.chunks)};
}

}  // namespace

Wafer::Lane::Lane(Wafer& owner, std::size_t index, Trail& trail)
    : number{owner.spec_.simulated_lanes[index]},
      in{fmt::format("in{}", index).c_str(),
         [&owner, index](const Train& train, const Passage& passage) {
           owner.arrived(index, train, passage);
         }},
      out{fmt::format("out{}", index).c_str(),
          [&owner, index](const Train& train, const Stamp& tail) {
            owner.gradients_taken(index, train, tail);
          }},
      link{owner.spec_.links_up[index], trail},
      received{owner.spec_.receive_buffer, owner.spec_.chunk, trail},
      outgoing{owner.spec_.gradient_buffer, owner.spec_.chunk, trail} {
}

Wafer::Wafer(const sc_core::sc_module_name& name, const WaferModuleSpec& spec, const StepProgram& program,
             Trail& trail, Faults& faults)
    : sc_module{name}, spec_{spec}, program_{program}, trail_{trail}, faults_{faults}, clock_{spec.clock} {
  for (std::size_t lane = 0; lane < spec.simulated_lanes.size(); ++lane) {
    lanes_.push_back(std::make_unique<Lane>(*this, lane, trail));
  }
  if (spec.jitter > Fraction{}) {
    Random random{spec.jitter_seed};
    for (std::size_t i = 0; i < program.ops.size(); ++i)
      longer_.push_back(random.below(spec.jitter.billionths + 1));
  }
  SC_HAS_PROCESS(Wafer);
  SC_METHOD(wake);
  sensitive << wake_;
}

void Wafer::wake() {
  faults_.guard([this] { advance(); });
}

void Wafer::arrived(std::size_t index, const Train& train, const Passage& passage) {
  Lane& lane = *lanes_[index];
  stats_.weights_received += train.weights;
  stats_.weight_bytes_received += train.bytes;
  lane.arrived.emplace_back(train, passage);
  lane.unanswered.emplace(train, passage);
  advance();
  answer(lane);
}

// The buffer has taken the whole train once all bytes that lie a buffer's length before its end are used up.
void Wafer::answer(Lane& lane) const {
  if (!lane.unanswered) return;
  const auto [train, passage] = *lane.unanswered;
  if (train.offset + train.bytes.count() > lane.drained + spec_.receive_buffer.count()) return;
  lane.unanswered.reset();
  lane.in.accept(later(lane.received.room_for_last(train), passage.tail));
}

bool Wafer::can_run() const {
  if (finished() || gradients_waited_for_ > 0) return false;
  const StepOp& op = program_.ops[position_];
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    if (op.weights.reaches(lanes_[lane]->number) && lanes_[lane]->arrived.empty()) return false;
  }
  return true;
}

void Wafer::advance() {
  if (advancing_) return;
  advancing_ = true;
  while (can_run()) run(program_.ops[position_]);
  advancing_ = false;
}

// Slower wafers and unlucky draws need more cycles for the same work.
Wafer::Work Wafer::work(std::size_t position) const {
  const StepOp& op = program_.ops[position];
  const std::uint64_t longer = longer_.empty() ? 0 : longer_[position];
  const auto here = [&](Cycles cycles, bool free) {
    if (free) return Cycles{};
    if (longer == 0 && spec_.speed.billionths == Fraction::kOne) return cycles;
    const std::uint64_t unlucky = multiply_divide_up(cycles.count(), Fraction::kOne + longer, Fraction::kOne);
    return Cycles{multiply_divide_up(unlucky, Fraction::kOne, spec_.speed.billionths)};
  };
  return {.compute = here(op.compute, spec_.free_compute),
          .fabric = here(op.fabric + (spec_.free_compute ? op.hidden : Cycles{}), spec_.free_fabric),
          .fill = here(op.fill, spec_.free_fill)};
}

Cycles Wafer::busy_per_step() const {
  Cycles sum;
  for (std::size_t i = 0; i < program_.ops.size(); ++i) {
    const Work here = work(i);
    sum += here.compute + here.fabric + here.fill;
  }
  return sum;
}

void Wafer::run(const StepOp& op) {
  const Work here = work(position_);
  const Cycles busy = here.compute + here.fabric;
  Instant start = now_;
  running_ = {.began = now_,
              .ended = {},
              .compute = here.compute,
              .fabric = here.fabric,
              .fill = here.fill,
              .stream_wait = {},
              .gradient_wait = {}};

  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (!op.weights.reaches(lanes_[i]->number)) continue;
    start = clock_.later(start, {.anchor = lanes_[i]->arrived.front().second.head, .cycles = {}});
  }
  if (clock_.before(now_, start)) running_.stream_wait += explain(clock_.time(now_), start.anchor);

  Instant end = start + busy;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (!op.weights.reaches(lanes_[i]->number)) continue;
    const auto& [train, passage] = lanes_[i]->arrived.front();
    if (train.op != position_ || train.step != step_)
      throw InternalFault{"weights arrived for another operation"};
    const Instant behind{.anchor = passage.tail, .cycles = per_chunk(busy, train)};
    if (!clock_.before(end, behind)) continue;
    running_.stream_wait += explain(clock_.time(end), clock_.stamp(behind, trail_));
    end = behind;
  }
  drain_weights(op, start, end, busy);
  send_gradients(op, start, end + here.fill, here);
}

void Wafer::drain_weights(const StepOp& op, const Instant& start, const Instant& end, Cycles busy) {
  if (op.weights.empty()) return;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (!op.weights.reaches(lanes_[i]->number)) continue;
    Lane& lane = *lanes_[i];
    const Train train = lane.arrived.front().first;
    lane.arrived.pop_front();
    lane.received.drained(train, {.head = clock_.stamp(start + per_chunk(busy, train), trail_),
                                  .tail = clock_.stamp(end, trail_)});
    lane.drained = train.offset + train.bytes.count();
  }
}

void Wafer::send_gradients(const StepOp& op, const Instant& start, const Instant& end, const Work& work) {
  running_end_ = end;
  std::size_t sending = 0;
  for (const auto& lane : lanes_) sending += op.gradients.reaches(lane->number) ? 1 : 0;
  gradients_waited_for_ = sending;
  if (sending == 0) {
    finish(end);
    return;
  }
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = *lanes_[i];
    if (!op.gradients.reaches(lane.number)) continue;
    const Parcel parcel = op.gradients.on_lane(lane.number, spec_.lanes);
    const Train train{.op = static_cast<std::uint32_t>(position_),
                      .step = step_,
                      .layer = op.layer,
                      .direction = Direction::gradients,
                      .sequence = lane.sequence,
                      .offset = lane.offset,
                      .bytes = parcel.bytes(),
                      .chunks = chunks_in(op.gradients.on_lane(0, spec_.lanes).bytes(), spec_.chunk),
                      .weights = parcel.weights(),
                      .contributions = 1};
    // The first chunk is complete when its share of the work is done and has run down the pipeline of hops.
    const Instant first_out = start + (per_chunk(work.compute + work.fabric, train) + work.fill);
    Passage made{.head = clock_.stamp(first_out, trail_), .tail = clock_.stamp(end, trail_)};
    made.head = later(lane.outgoing.room_for_first(train), made.head);
    const Passage passage = lane.link.pass(made, moved(train));
    lane.sequence += train.chunks;
    lane.offset += train.bytes.count();
    lane.sending = train;
    lane.sending_passage = passage;
    stats_.gradients_sent += train.weights;
    stats_.gradient_bytes_sent += train.bytes;
    lane.out.send(train, passage);
  }
}

void Wafer::gradients_taken(std::size_t index, const Train& train, const Stamp& tail) {
  Lane& lane = *lanes_[index];
  lane.link.hold_until(tail);
  lane.outgoing.drained(train, {.head = lane.sending_passage.head, .tail = lane.link.free_at()});
  // The operation cannot end before the buffer has taken its last gradient.
  const Instant held{.anchor = lane.outgoing.room_for_last(train), .cycles = {}};
  if (clock_.before(running_end_, held)) {
    running_.gradient_wait += explain(clock_.time(running_end_), held.anchor);
    running_end_ = held;
  }
  if (--gradients_waited_for_ > 0) return;
  finish(running_end_);
  if (!advancing_) wake_.notify(sc_core::SC_ZERO_TIME);
}

void Wafer::finish(const Instant& end) {
  running_.ended = end;
  now_ = end;
  stats_.busy += running_.busy();
  if (!records_.empty()) records_[position_] = running_;
  if (++position_ == program_.ops.size()) {
    position_ = 0;
    ++step_;
    step_ends_.push_back(end);
  }
  for (const auto& lane : lanes_) answer(*lane);
}

std::string Wafer::waiting_for() const {
  if (finished()) return fmt::format("{} has finished", name());
  const StepOp& op = program_.ops[position_];
  return fmt::format("{} is in step {} at operation {} ({} of layer {}), waiting for {}", name(), step_,
                     position_, to_string(op.pass), op.layer,
                     gradients_waited_for_ > 0 ? "room for its gradients" : "weights");
}

}  // namespace wafersim
