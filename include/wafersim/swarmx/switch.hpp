// One broadcast-and-reduce switch of one lane: copies weights down to every child, adds gradients up.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <systemc>
#include <vector>

#include "wafersim/stream/buffer.hpp"
#include "wafersim/stream/port.hpp"
#include "wafersim/stream/station.hpp"

namespace wafersim {

// A child of a switch: how many equal subtrees it stands for, and the link to each of them.
struct ChildSpec {
  std::uint64_t multiplicity{1};
  StationSpec link;
};

struct SwitchSpec {
  Bytes chunk;
  Bytes buffer;
  StationSpec adder;    // adds up gradients; its load are those of all children
  StationSpec link_up;  // to the parent
  std::vector<ChildSpec> children;
};

struct SwitchStats {
  Bytes received_down;
  std::uint64_t trains_up{};        // after adding up
  std::uint64_t gradients_added{};  // values that went into a sum
};

class Switch final : public sc_core::sc_module {
 public:
  InPort from_parent;
  OutPort to_parent;

  Switch(const sc_core::sc_module_name& name, const SwitchSpec& spec, Trail& trail);

  [[nodiscard]] std::size_t children() const { return children_.size(); }
  [[nodiscard]] OutPort& to_child(std::size_t child) { return children_[child]->down; }
  [[nodiscard]] InPort& from_child(std::size_t child) { return children_[child]->up; }
  [[nodiscard]] const Station& link_down(std::size_t child) const { return children_[child]->link; }
  [[nodiscard]] const Station& link_up() const { return link_up_; }
  [[nodiscard]] const Station& adder() const { return adder_; }
  [[nodiscard]] const SwitchStats& stats() const { return stats_; }

 private:
  struct Child {
    Child(Switch& owner, std::size_t index, const ChildSpec& spec, Trail& trail);
    OutPort down;
    InPort up;
    Station link;
    std::uint64_t multiplicity;
    Passage leaving;                 // the weights under way to it
    std::optional<Train> gradients;  // that wait for the other children
    Passage gradients_passage;
  };

  void broadcast(const Train& train, const Passage& passage);
  [[nodiscard]] Stamp last_entry(const Train& train, const Passage& in) const;
  void child_took(std::size_t index, const Stamp& tail);
  void gradients_arrived(std::size_t index, const Train& train, const Passage& passage);
  void reduce();
  void parent_took(const Train& train, const Stamp& tail);

  SwitchSpec spec_;
  std::vector<std::unique_ptr<Child>> children_;
  std::uint64_t subtrees_{};  // children times what they stand for
  bool even_{true};           // all links down are equally fast
  Station adder_;
  Station link_up_;
  Buffer buffer_down_;
  Buffer buffer_up_;
  Train weights_;          // under way down
  Stamp weights_arrival_;  // of its last chunk
  std::size_t children_waited_for_{};
  std::size_t gradients_waited_for_{};
  Passage reduced_;  // the sum under way up
  SwitchStats stats_;
};

}  // namespace wafersim
