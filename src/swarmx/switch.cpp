// Broadcast and reduce. The slowest child holds the broadcast, the last one releases the sum.
#include "wafersim/swarmx/switch.hpp"

#include <fmt/format.h>

#include "wafersim/base/error.hpp"

namespace wafersim {

Switch::Child::Child(Switch& owner, std::size_t index, const ChildSpec& spec, Trail& trail)
    : down{fmt::format("down{}", index).c_str(),
           [&owner, index](const Train&, const Stamp& tail) { owner.child_took(index, tail); }},
      up{fmt::format("up{}", index).c_str(),
         [&owner, index](const Train& train, const Passage& passage) {
           owner.gradients_arrived(index, train, passage);
         }},
      link{spec.link, trail},
      multiplicity{spec.multiplicity} {
}

Switch::Switch(const sc_core::sc_module_name& name, const SwitchSpec& spec, Trail& trail)
    : sc_module{name},
      from_parent{"from_parent",
                  [this](const Train& train, const Passage& passage) { broadcast(train, passage); }},
      to_parent{"to_parent", [this](const Train& train, const Stamp& tail) { parent_took(train, tail); }},
      spec_{spec},
      adder_{spec.adder, trail},
      link_up_{spec.link_up, trail},
      buffer_down_{spec.buffer, spec.chunk, trail},
      buffer_up_{spec.buffer, spec.chunk, trail},
      gradients_waited_for_{spec.children.size()} {
  for (std::size_t child = 0; child < spec.children.size(); ++child) {
    children_.push_back(std::make_unique<Child>(*this, child, spec.children[child], trail));
    subtrees_ += spec.children[child].multiplicity;
    even_ = even_ && spec.children[child].link.rate == spec.children[0].link.rate;
  }
}

namespace {

// When it left the station, from when it arrived at the next.
Stamp without_latency(const Stamp& arrival, const Station& station) {
  return {.at = arrival.at - station.spec().latency, .why = arrival.why};
}

}  // namespace

void Switch::broadcast(const Train& train, const Passage& passage) {
  const Load load = moved(train);
  Passage in{.head = later(buffer_down_.room_for_first(train), passage.head), .tail = passage.tail};
  if (!even_) in.tail = later(last_entry(train, in), in.tail);
  stats_.received_down += train.bytes;
  weights_ = train;
  weights_arrival_ = passage.tail;
  children_waited_for_ = children_.size();
  for (const auto& child : children_) {
    child->leaving = child->link.pass(in, load);
    child->down.send(train, child->leaving);
  }
}

// A slow link holds back its siblings through the buffer that they share: the last chunk enters only when the
// one that lies a buffer ahead has left on every link.
Stamp Switch::last_entry(const Train& train, const Passage& in) const {
  Passage left;
  for (const auto& child : children_) {
    const Passage out = child->link.serve(in, moved(train));
    left = {.head = later(left.head, out.head), .tail = later(left.tail, out.tail)};
  }
  Buffer buffer = buffer_down_;
  buffer.drained(train, left);
  return buffer.room_for_last(train);
}

void Switch::child_took(std::size_t index, const Stamp& tail) {
  children_[index]->link.hold_until(tail);
  if (--children_waited_for_ > 0) return;
  // A chunk leaves the buffer when the slowest child has it.
  Passage left;
  for (const auto& child : children_) {
    left.head = later(left.head, without_latency(child->leaving.head, child->link));
    left.tail = later(left.tail, child->link.free_at());
  }
  buffer_down_.drained(weights_, left);
  from_parent.accept(later(buffer_down_.room_for_last(weights_), weights_arrival_));
}

void Switch::gradients_arrived(std::size_t index, const Train& train, const Passage& passage) {
  Child& child = *children_[index];
  child.gradients = train;
  child.gradients_passage = passage;
  if (--gradients_waited_for_ == 0) reduce();
}

void Switch::reduce() {
  Train sum = *children_[0]->gradients;
  sum.contributions = 0;
  Passage in = children_[0]->gradients_passage;
  for (const auto& child : children_) {
    if (child->gradients->op != sum.op || child->gradients->bytes != sum.bytes ||
        child->gradients->step != sum.step) {
      throw InternalFault{fmt::format("{} was given gradients of different layers to add", name())};
    }
    sum.contributions += child->gradients->contributions * child->multiplicity;
    stats_.gradients_added += child->gradients->weights * child->multiplicity;
    in.head = later(in.head, child->gradients_passage.head);
    in.tail = later(in.tail, child->gradients_passage.tail);
  }
  in.head = later(buffer_up_.room_for_first(sum), in.head);
  ++stats_.trains_up;
  const Passage added =
      adder_.pass(in, {.total = sum.bytes * subtrees_, .each = sum.each() * subtrees_, .op = sum.op});
  reduced_ = link_up_.pass(added, moved(sum));
  to_parent.send(sum, reduced_);
}

void Switch::parent_took(const Train& train, const Stamp& tail) {
  link_up_.hold_until(tail);
  buffer_up_.drained(train, {.head = without_latency(reduced_.head, link_up_), .tail = link_up_.free_at()});
  gradients_waited_for_ = children_.size();
  for (const auto& child : children_) {
    const Stamp arrival = child->gradients_passage.tail;
    child->gradients.reset();
    child->up.accept(later(buffer_up_.room_for_last(train), arrival));
  }
}

}  // namespace wafersim
