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

struct SwitchSpec {
  Bytes chunk;
  Bytes buffer;
  StationSpec link_down;                // to each child
  StationSpec link_up;                  // to the parent
  std::vector<std::uint64_t> children;  // how many equal subtrees each child stands for
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

  [[nodiscard]] OutPort& to_child(std::size_t child) { return children_[child]->down; }
  [[nodiscard]] InPort& from_child(std::size_t child) { return children_[child]->up; }
  [[nodiscard]] const Station& link_down(std::size_t child) const { return children_[child]->link; }
  [[nodiscard]] const Station& link_up() const { return link_up_; }
  [[nodiscard]] const SwitchStats& stats() const { return stats_; }

 private:
  struct Child {
    Child(Switch& owner, std::size_t index, std::uint64_t stands_for, const StationSpec& link_spec,
          Trail& trail);
    OutPort down;
    InPort up;
    Station link;
    std::uint64_t multiplicity;
    Passage leaving;                 // the weights under way to it
    std::optional<Train> gradients;  // that wait for the other children
    Passage gradients_passage;
  };

  void broadcast(const Train& train, const Passage& passage);
  void child_took(std::size_t index, const Stamp& tail);
  void gradients_arrived(std::size_t index, const Train& train, const Passage& passage);
  void reduce();
  void parent_took(const Train& train, const Stamp& tail);

  SwitchSpec spec_;
  std::vector<std::unique_ptr<Child>> children_;
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
