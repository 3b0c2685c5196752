// A table for the terminal: columns as wide as their widest cell.
#pragma once

#include <string>
#include <vector>

namespace wafersim {

enum class Align { left, right };

struct TableColumn {
  std::string title;
  Align align{Align::right};
};

class Table {
 public:
  explicit Table(std::vector<TableColumn> columns) : columns_{std::move(columns)} {}

  // Missing cells are empty.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  // Header and rows, each with two blanks before it and a line end behind it.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<TableColumn> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace wafersim
