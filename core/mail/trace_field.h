/*
 * trace_field.h - the Received field (RFC 5321 section 4.4), as far as rules ask about it. Pure; any thread.
 */
#ifndef GATEPOST_MAIL_TRACE_FIELD_H
#define GATEPOST_MAIL_TRACE_FIELD_H

#include "core/base/text.h"

/* The name after "by" in VALUE, an unfolded Received value: the server that claims to have received the message.
 * Comments are passed over. Empty if there is none. */
struct text trace_field_by(struct text value);

#endif
