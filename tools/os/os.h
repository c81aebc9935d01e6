/*
 * os.h - what the command asks of the operating system beyond core/os.h: its streams, files that are being
 * written, folders. os/posix.c and os/win32.c, with tcp_posix.c and tcp_win32.c, are the only files of
 * the command that differ between systems.
 */
#ifndef GATEPOST_TOOLS_OS_OS_H
#define GATEPOST_TOOLS_OS_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Once, before anything is read or written: standard input and output carry bytes as they are. */
void os_begin(void);

/* Whether a person sees what is written to standard error. */
bool os_has_terminal(void);

/* Lets seconds go by. */
void os_wait(int64_t seconds);

/* A new file for writing and reading; PATH ends in XXXXXX, which is replaced by what makes it new. 0 or errno.
 */
int os_create_file(char *path, intptr_t *file);

/* Each does all of it and returns 0, or an errno value; EIO at the end of the file. */
int os_write_at(intptr_t file, uint64_t at, const void *bytes, size_t n);
int os_read_at(intptr_t file, uint64_t at, void *bytes, size_t n);

/* Brings the file to the disk, with the owner and mode of the one at PATH that it is to replace; a new one may
 * be read by everybody, as far as the umask lets, for the MTA is another user. 0 or errno. */
int os_settle_file(intptr_t file, const char *path);

/* 0 or errno. */
int os_close_file(intptr_t file);

/* Brings to the disk that a file has got this name. Not every file system can; the file is safe without. */
void os_settle_name(const char *path);

/* From now on an interrupted command removes the file PATH before it ends; NULL takes that back. */
void os_guard_file(char *path);

enum os_kind { OS_FILE, OS_FOLDER, OS_OTHER };

/* What is at PATH. A link counts as the file that it leads to; as a folder only with `follow`. 0 or errno. */
int os_file_kind(const char *path, bool follow, enum os_kind *out);

/* Makes a folder of our own for temporary files and writes its path. 0 or errno. */
int os_make_tempdir(char *path, size_t cap);

/* Removes an empty folder. */
void os_remove_folder(const char *path);

#endif
