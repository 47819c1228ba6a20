#pragma once
// The OperatorLine to the store of a stopped server; see operator_line.h, which chooses it.

#include "cli/operator_line.h"
#include "store/store.h"

namespace peregrine::cli {

/// Opens the store, as server.user when root asks: its files stay that user's. Only `init` makes
/// one.
Outcome<std::unique_ptr<OperatorLine>> open_store_line(const std::string& config_path,
                                                       const config::Settings& settings,
                                                       store::Create create = store::Create::no);

}  // namespace peregrine::cli
