#include "courier/notification_text.h"

#include <algorithm>
#include <array>

#include "proto/smtp/server_reply.h"
#include "text/date.h"
#include "text/utf8.h"

namespace peregrine::courier {
namespace {

using Notices = std::vector<const api::RecipientNotice*>;

constexpr std::size_t k_most_listed = 100;

bool has_action(const Notices& notices, std::string_view action) {
  return std::ranges::any_of(notices, [=](const auto* each) { return each->action() == action; });
}

struct Advice {
  std::string_view status;  ///< without the class: what it begins with
  std::string_view text;
};
// RFC 3463: what a sender can do about it. The first that fits; the last one fits all.
constexpr std::array k_advice = {
    Advice{"1.10", "This domain does not take mail at all. Ask for another address."},
    Advice{"1.2", "There is no such domain. Check what stands behind the @ of the address."},
    Advice{"1.", "Check the address for mistakes and send the message again."},
    Advice{"2.2", "The mailbox is full. Reach the recipient another way, or try again later."},
    Advice{"2.", "The mailbox takes no mail at present. Reach the recipient another way."},
    Advice{"3.4", "The message is too large for that server. Send less, or a link."},
    Advice{"4.6", "The mail went round in a circle. Tell the recipient's postmaster."},
    Advice{"4.",
           "The server could not be reached. Try again later; if that does not help, reach "
           "the recipient another way."},
    Advice{"6.", "The server cannot take this kind of message. Send it in another form."},
    Advice{"7.",
           "The server refuses the message by its own rules. Ask the recipient, or the "
           "postmaster there, to let it pass."},
    Advice{"", "If what the server says does not help, ask the postmaster there."},
};

std::string_view advice_for(const std::string& status) {
  std::string_view rest = status;
  rest.remove_prefix(std::min(rest.find('.'), rest.size()));
  if (!rest.empty()) rest.remove_prefix(1);
  for (const Advice& each : k_advice) {
    if (!each.status.ends_with('.') && !each.status.empty()) {
      if (rest == each.status) return each.text;
    } else if (rest.starts_with(each.status)) {
      return each.text;
    }
  }
  return k_advice.back().text;
}

/// For a line of text: no line end, no control character.
std::string shown(std::string_view address) {
  std::string out;
  for (char c : text::replace_invalid_utf8(address, 320)) out += c >= 0 && c < ' ' ? '?' : c;
  return out;
}

void add_recipient(std::string& out, const api::RecipientNotice& notice) {
  out += "  <" + shown(notice.recipient().recipient().address()) + ">\r\n";
  std::string said = smtp::printable(notice.diagnostic(), smtp::k_max_diagnostic);
  std::string host = smtp::printable(notice.remote_host(), 255);
  if (said.empty()) return;
  out += host.empty() ? "    Reason: " : "    From the attempt at " + host + ": ";
  out += said + "\r\n";
}

void add_group(std::string& out, const Notices& notices, std::string_view action,
               std::string_view opening) {
  if (!has_action(notices, action)) return;
  out += opening;
  out += "\r\n\r\n";
  std::size_t listed = 0;
  for (const api::RecipientNotice* notice : notices) {
    if (notice->action() != action) continue;
    if (listed++ == k_most_listed) {
      out += "  and more, listed below\r\n";
      break;
    }
    add_recipient(out, *notice);
    if (action == "failed") out.append("    ").append(advice_for(notice->status())) += "\r\n";
    if (notice->will_retry_until() != 0) {
      out += "    It is tried until " +
             text::write_message_date(UnixTime{notice->will_retry_until()}) + ".\r\n";
    }
  }
  out += "\r\n";
}

}  // namespace

std::string subject_of(const Notices& notices) {
  if (has_action(notices, "failed")) return "Your message could not be delivered";
  if (has_action(notices, "delayed")) return "Your message is delayed";
  if (has_action(notices, "delivered")) return "Your message was delivered";
  return "Your message was passed on";
}

std::string human_text(const Notices& notices, std::string_view hostname) {
  std::string out = "This is the mail server " + std::string(hostname) + ".\r\n\r\n";
  add_group(out, notices, "failed", "Your message could not be delivered to:");
  add_group(out, notices, "delayed",
            "Your message is still on its way to the following recipients. You need not send it "
            "again:");
  add_group(out, notices, "delivered", "Your message was delivered to:");
  add_group(out, notices, "relayed",
            "Your message was handed to a server that does not report further, for:");
  add_group(out, notices, "expanded", "Your message was passed on to the members of:");
  out += "The details for programs, and your message or its header, are attached.\r\n";
  return out;
}

}  // namespace peregrine::courier
