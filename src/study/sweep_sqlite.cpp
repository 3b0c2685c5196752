// One transaction on a file beside its place, which is moved there when it is complete.
#include <system_error>

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include "wafersim/base/error.hpp"
#include "wafersim/report/output.hpp"

#include "study/sweep_columns.hpp"

namespace wafersim {
namespace {

namespace fs = std::filesystem;
using study_detail::Column;
using study_detail::ColumnKind;

std::string quoted_name(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string{"\"\""} : std::string{c};
  return quoted + '"';
}

// Keys of a study hold whatever was written; numbers among them compare as numbers.
const char* type_of(ColumnKind kind) {
  return kind == ColumnKind::integer ? "INTEGER" : kind == ColumnKind::real ? "REAL" : "NUMERIC";
}

class Database {
 public:
  explicit Database(const fs::path& file) : file_{file}, temporary_{file.string() + ".part"} {
    require_writable(file_);
    ::unlink(temporary_.c_str());
    check(
        sqlite3_open_v2(temporary_.c_str(), &database_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr));
    // Nobody reads the file before it is complete, so it needs no journal of its own.
    run("PRAGMA journal_mode = OFF");
    run("PRAGMA synchronous = OFF");
    run("BEGIN");
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() {
    for (sqlite3_stmt* statement : statements_) sqlite3_finalize(statement);
    if (database_ == nullptr) return;
    sqlite3_close(database_);
    ::unlink(temporary_.c_str());
  }

  void run(const std::string& sql) { check(sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr)); }
  sqlite3_stmt* prepare(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr));
    statements_.push_back(statement);
    return statement;
  }
  // Empty texts are stored as nothing.
  void insert(sqlite3_stmt* statement, const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const int at = static_cast<int>(i) + 1;
      check(cells[i].empty() ? sqlite3_bind_null(statement, at)
                             : sqlite3_bind_text(statement, at, cells[i].data(),
                                                 static_cast<int>(cells[i].size()), SQLITE_TRANSIENT));
    }
    const int end = sqlite3_step(statement);
    if (end != SQLITE_DONE) check(end);
    check(sqlite3_reset(statement));
  }
  void commit() {
    run("COMMIT");
    for (sqlite3_stmt* statement : statements_) sqlite3_finalize(statement);
    statements_.clear();
    check(sqlite3_close(database_));
    database_ = nullptr;
    std::error_code failure;
    fs::rename(temporary_, file_, failure);
    if (failure) refuse(failure.message());
  }

 private:
  [[noreturn]] void refuse(const std::string& reason) const {
    throw InputError{{.at = {.file = file_.string()}, .key = {}, .message = "cannot be written: " + reason}};
  }
  void check(int code) const {
    if (code != SQLITE_OK) refuse(database_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database_));
  }

  fs::path file_;
  std::string temporary_;
  sqlite3* database_{nullptr};
  std::vector<sqlite3_stmt*> statements_;
};

class SqliteWriter : public RowWriter {
 public:
  SqliteWriter(const SweepHeading& heading, const fs::path& file) : database_{file} {
    database_.run("CREATE TABLE study (name TEXT, held TEXT)");
    database_.insert(database_.prepare("INSERT INTO study VALUES (?, ?)"), {heading.study, heading.held});
    std::string columns = "ordinal INTEGER PRIMARY KEY";
    std::string places = "?";
    for (const Column& column : study_detail::columns_of(heading)) {
      columns += fmt::format(", {} {}", quoted_name(column.name), type_of(column.kind));
      places += ", ?";
    }
    database_.run(fmt::format("CREATE TABLE points ({}, document TEXT)", columns));
    insert_ = database_.prepare(fmt::format("INSERT INTO points VALUES ({}, ?)", places));
  }
  void add(const SweepRow& row) override {
    std::vector<std::string> cells = study_detail::cells_of(row);
    cells.insert(cells.begin(), std::to_string(row.ordinal));
    cells.push_back(row.document);
    database_.insert(insert_, cells);
  }
  void finish() override { database_.commit(); }

 private:
  Database database_;
  sqlite3_stmt* insert_{};
};

}  // namespace

std::unique_ptr<RowWriter> sqlite_writer(const SweepHeading& heading, const fs::path& file) {
  return std::make_unique<SqliteWriter>(heading, file);
}

void write_results(const SweepResults& results, const SweepHeading& heading, const fs::path& folder,
                   RowWriter& also) {
  OutputFile lines{folder / "results.jsonl"};
  OutputFile rows{folder / "results.csv"};
  OutputFile inputs{folder / "inputs.json"};
  inputs.write(results.inputs());
  const auto jsonl = jsonl_writer([&](std::string_view text) { lines.write(text); });
  const auto csv = csv_writer(heading, [&](std::string_view text) { rows.write(text); });
  const auto sqlite = sqlite_writer(heading, folder / "results.sqlite");
  results.for_each([&](const SweepRow& row) {
    for (RowWriter* writer : {jsonl.get(), csv.get(), sqlite.get(), &also}) writer->add(row);
  });
  for (RowWriter* writer : {jsonl.get(), csv.get(), sqlite.get(), &also}) writer->finish();
  lines.commit();
  rows.commit();
  inputs.commit();
}

}  // namespace wafersim
