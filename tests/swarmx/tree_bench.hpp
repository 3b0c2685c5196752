// A store, switches and nodes wired up as in a cluster, with nothing else: one lane of SwarmX on its own.
#pragma once

#include <memory>
#include <string>
#include <systemc>
#include <vector>

#include "wafersim/swarmx/switch.hpp"
#include "wafersim/swarmx/tree.hpp"

#include "swarmx/chunk_tree.hpp"

namespace wafersim::test {

// Sends trains, the next as soon as the last was taken, through a link of its own.
class Sender final : public sc_core::sc_module {
 public:
  OutPort port;

  Sender(const sc_core::sc_module_name& name, std::vector<Train> trains, const StationSpec& link,
         Trail& trail)
      : sc_module{name},
        port{"port", [this](const Train&, const Stamp& tail) { taken(tail); }},
        trains_{std::move(trains)},
        link_{link, trail} {
    SC_HAS_PROCESS(Sender);
    SC_METHOD(send);
    sensitive << next_;
  }
  [[nodiscard]] bool finished() const { return sent_ == trains_.size() && !port.busy(); }

 private:
  void send() {
    if (port.busy() || sent_ == trains_.size()) return;
    const Train train = trains_[sent_++];
    port.send(train, link_.pass({}, moved(train)));
  }
  void taken(const Stamp& tail) {
    link_.hold_until(tail);
    next_.notify(sc_core::SC_ZERO_TIME);
  }
  std::vector<Train> trains_;
  std::size_t sent_{};
  Station link_;
  sc_core::sc_event next_;
};

// Takes whatever comes, at once, and remembers it.
class Receiver final : public sc_core::sc_module {
 public:
  InPort port;
  std::vector<Train> trains;
  std::vector<Passage> passages;

  explicit Receiver(const sc_core::sc_module_name& name)
      : sc_module{name}, port{"port", [this](const Train& train, const Passage& passage) {
                                trains.push_back(train);
                                passages.push_back(passage);
                                port.accept(passage.tail);
                              }} {}
};

// Both directions at once: weights down, and gradients of the nodes up, of which node i says that it stands
// for `values[i]` contributions.
class TreeBench {
 public:
  TreeBench(const std::string& name, const TreeNode& tree, const TreeRates& rates, Bytes chunk,
            const std::vector<Train>& trains, std::vector<std::uint64_t> values)
      : name_{name}, rates_{rates}, chunk_{chunk}, trains_{trains}, values_{std::move(values)} {
    store_out_ = std::make_unique<Sender>((name + "_store_out").c_str(), trains, first_link(tree), trail_);
    store_in_ = std::make_unique<Receiver>((name + "_store_in").c_str());
    connect(store_out_->port, store_in_->port, tree);
  }

  [[nodiscard]] const Receiver& store() const { return *store_in_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Receiver>>& nodes() const { return nodes_; }
  [[nodiscard]] bool finished() const {
    return store_out_->finished() && std::all_of(senders_.begin(), senders_.end(),
                                                 [](const auto& sender) { return sender->finished(); });
  }

 private:
  [[nodiscard]] StationSpec link(const TreeNode& to) const {
    return {.part = Part::swarmx,
            .rate = rates_.of(to),
            .latency = rates_.latency,
            .serving = rates_.cut_through ? Serving::cut_through : Serving::store_and_forward};
  }
  [[nodiscard]] StationSpec first_link(const TreeNode& to) const {
    StationSpec spec = link(to);
    spec.serving = Serving::store_and_forward;
    return spec;
  }

  void connect(OutPort& down, InPort& up, const TreeNode& tree) {
    const std::string number = std::to_string(switches_.size()) + "_" + std::to_string(nodes_.size());
    if (tree.branches.empty()) {
      nodes_.push_back(std::make_unique<Receiver>((name_ + "_in" + number).c_str()));
      std::vector<Train> gradients = trains_;
      for (Train& train : gradients) train.contributions = values_.at(senders_.size());
      senders_.push_back(std::make_unique<Sender>((name_ + "_out" + number).c_str(), std::move(gradients),
                                                  first_link(tree), trail_));
      down.socket.bind(nodes_.back()->port.socket);
      senders_.back()->port.socket.bind(up.socket);
      return;
    }
    StationSpec adder = link(TreeNode{});
    adder.rate = rates_.adder;
    adder.latency = {};
    SwitchSpec spec{
        .chunk = chunk_, .buffer = rates_.buffer, .adder = adder, .link_up = link(tree), .children = {}};
    for (const auto& [equal, subtree] : tree.branches)
      spec.children.push_back({.multiplicity = equal, .link = link(subtree)});
    switches_.push_back(std::make_unique<Switch>((name_ + "_switch" + number).c_str(), spec, trail_));
    Switch& module = *switches_.back();
    down.socket.bind(module.from_parent.socket);
    module.to_parent.socket.bind(up.socket);
    for (std::size_t child = 0; child < tree.branches.size(); ++child)
      connect(module.to_child(child), module.from_child(child), tree.branches[child].subtree);
  }

  std::string name_;
  TreeRates rates_;
  Bytes chunk_;
  std::vector<Train> trains_;
  std::vector<std::uint64_t> values_;
  Trail trail_{Trail::Mode::ignore};
  std::unique_ptr<Sender> store_out_;
  std::unique_ptr<Receiver> store_in_;
  std::vector<std::unique_ptr<Switch>> switches_;
  std::vector<std::unique_ptr<Receiver>> nodes_;
  std::vector<std::unique_ptr<Sender>> senders_;
};

}  // namespace wafersim::test
