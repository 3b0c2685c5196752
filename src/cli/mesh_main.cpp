// A program with the mesh commands alone, until the main one calls them.
#include <iostream>
#include <string>
#include <systemc>
#include <vector>

#include "wafersim/base/error.hpp"

#include "mesh_commands.hpp"

namespace {

int run(const std::vector<std::string>& args) {
  if (!args.empty() && args[0] == "kernel") return wafersim::run_kernel_command(std::span{args}.subspan(1));
  if (!args.empty() && args[0] == "validate")
    return wafersim::run_validate_command(std::span{args}.subspan(1));
  std::cerr << "usage: wafersim-mesh kernel|validate …\n";
  return 2;
}

}  // namespace

int sc_main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const wafersim::InputError& error) {
    std::cerr << error.what() << '\n';
    return 2;
  } catch (const wafersim::DoesNotFit& error) {
    std::cerr << error.what() << '\n';
    return 3;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 4;
  }
}
