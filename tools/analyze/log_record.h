/*
 * log_record.h - turns records of journalctl and container runtimes into lines in the form of syslog: JSON
 * objects (journalctl -o json, json-pretty, json-sse, json-seq; Docker's json-file; objects of log shippers
 * with a message, program and time), the export format and the verbose format of journalctl.
 *
 * Time, program and the first line of the message are each taken from a field of the record itself: the text of
 * a message can never become a field. One reader belongs to one thread.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_LOG_RECORD_H
#define GATEPOST_TOOLS_ANALYZE_LOG_RECORD_H

#include "core/base/text.h"

enum log_record_form {
    LOG_RECORD_NONE, /* lines */
    LOG_RECORD_JSON, /* one object a line, or one spread over lines */
    LOG_RECORD_EXPORT,
    LOG_RECORD_VERBOSE
};

enum { LOG_RECORD_MESSAGE = 16384, LOG_RECORD_WORD = 128 };

struct log_record {
    enum log_record_form form;
    size_t message_size, program_size, time_size;
    bool has_message, is_stream, whole;
    char message[LOG_RECORD_MESSAGE]; /* longer text is cut */
    char program[LOG_RECORD_WORD], time[LOG_RECORD_WORD];
    char line[LOG_RECORD_MESSAGE + 2 * LOG_RECORD_WORD + 32];
};

/* The form of a log whose first line that is not empty is LINE. */
enum log_record_form log_record_form(struct text line);

/* Takes a line of the log. Returns true and a syslog line in *OUT, valid until the next call, when that
 * completes a record; *OUT may be LINE itself if it is not part of a record. */
bool log_record_take(struct log_record *r, struct text line, struct text *out);

/* In the export format a field with a line end or control characters has its name on a line of its own, then its
 * size in eight bytes and the value. Returns whether LINE is such a name; the caller hands in the value. */
bool log_record_is_binary(const struct log_record *r, struct text line);
void log_record_value(struct log_record *r, struct text name, struct text value);

/* At the end of the log: the same as log_record_take() for a last record that nothing ended. */
bool log_record_end(struct log_record *r, struct text *out);

#endif
