// SPDX-License-Identifier: Apache-2.0
// Renders a snapshot on first use.
#include "exporter/snapshot.h"

namespace erpnext {

const std::string& Snapshot::Text(ExpositionFormat format) const {
  Rendered& rendered = rendered_[static_cast<std::size_t>(format)];
  std::call_once(rendered.text_once, [&] {
    AppendFamilies(families_, format, rendered.text);
    rendered.text.shrink_to_fit();
  });
  return rendered.text;
}

const GzipPart& Snapshot::Gzip(ExpositionFormat format) const {
  Rendered& rendered = rendered_[static_cast<std::size_t>(format)];
  std::call_once(rendered.gzip_once, [&] { rendered.gzip = Compress(Text(format)); });
  return rendered.gzip;
}

}  // namespace erpnext
