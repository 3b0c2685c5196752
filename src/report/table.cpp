// Lays cells out in columns.
#include "wafersim/report/table.hpp"

#include <algorithm>

#include "wafersim/report/format.hpp"

namespace wafersim {
namespace {

const std::string& cell_at(const std::vector<std::string>& row, std::size_t column) {
  static const std::string kNothing;
  return column < row.size() ? row[column] : kNothing;
}

}  // namespace

std::string Table::text() const {
  std::vector<std::string> titles;
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    titles.push_back(columns_[i].title);
    widths.push_back(width_of(columns_[i].title));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], width_of(cell_at(row, i)));
  }
  std::string out;
  const auto write = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = cell_at(row, i);
      const std::string blanks(widths[i] - width_of(cell), ' ');
      line += "  " + (columns_[i].align == Align::left ? cell + blanks : blanks + cell);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  };
  write(titles);
  for (const auto& row : rows_) write(row);
  return out;
}

}  // namespace wafersim
