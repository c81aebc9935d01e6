/*
 * msgid.h - whether the value of a Message-ID field is a message identifier. Pure; any thread; time linear in
 * the length.
 */
#ifndef GATEPOST_MSGID_H
#define GATEPOST_MSGID_H

#include "core/base/text.h"

enum msgid_mode {
    MSGID_RFC, /* RFC 5322 3.6.4 with the obsolete forms of 4.5.4, CFWS around and inside as there, and RFC 6532
                */
    MSGID_STRICT,   /* the same without obsolete forms: [CFWS] "<" dot-atom-text "@" (dot-atom-text /
                       no-fold-literal) ">" [CFWS] */
    MSGID_SENDMAIL, /* what Sendmail's  R < $+ @ $+ >  $@ OK  accepts (cf/README, check_message_id) */
    MSGID_WORD      /* the expression of the note of 2003: Perl's /^\w+\@\w+$/ */
};

/* VALUE is the field's value, unfolded or not, with or without blanks around it. Exactly one identifier must
 * fill it. */
bool msgid_is_valid(struct text value, enum msgid_mode mode);

#endif
