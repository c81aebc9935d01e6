#include <windows.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "hostlog.h"

enum { PIECE = 250 };

static struct {
    void (*logstring)(INT_16 ltype, INT_16 priority, char *str);
    char file[MAX_PATH * 2];
} hostlog;

bool hostlog_beside(const char *file, size_t n, char *out, size_t cap)
{
    char folder[MAX_PATH] = "";
    HMODULE module = NULL;
    if (!GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                                GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                            (LPCSTR)(void *)hostlog_beside, &module))
        return false;
    DWORD size = GetModuleFileNameA(module, folder, sizeof folder);
    if (size == 0 || size >= sizeof folder)
        return false;
    while (size && folder[size - 1] != '\\' && folder[size - 1] != '/')
        size--;
    int length = snprintf(out, cap, "%.*s%.*s", (int)size, folder, (int)n, file);
    return length > 0 && (size_t)length < cap;
}

void hostlog_begin(void (*logstring)(INT_16 ltype, INT_16 priority, char *str))
{
    static const char name[] = "gatepost.log";
    hostlog.logstring = logstring;
    if (!hostlog_beside(name, sizeof name - 1, hostlog.file, sizeof hostlog.file))
        hostlog.file[0] = '\0';
}

/* Opened for each line, so that it can be renamed or deleted at any time, and comes into use at any time. */
static void write_to_file(const char *line)
{
    char whole[2400];
    SYSTEMTIME t;
    DWORD written;
    if (!hostlog.file[0])
        return;
    HANDLE file =
        CreateFileA(hostlog.file, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return;
    GetLocalTime(&t);
    int n = snprintf(whole, sizeof whole, "%04u-%02u-%02u %02u:%02u:%02u %.2300s\r\n", t.wYear, t.wMonth,
                     t.wDay, t.wHour, t.wMinute, t.wSecond, line);
    if (n > 0)
        WriteFile(file, whole, (DWORD)n, &written, NULL);
    CloseHandle(file);
}

static void write_in_pieces(INT_16 priority, const char *line)
{
    char piece[PIECE + 1];
    const char *mark = "";
    do {
        size_t room = PIECE - strlen(mark), n = strlen(line);
        if (n > room) {
            for (n = room; n > room / 2 && line[n] != ' '; n--)
                ;
        }
        snprintf(piece, sizeof piece, "%s%.*s", mark, (int)n, line);
        hostlog.logstring(MERCURY_LOG_KIND, priority, piece);
        line += n;
        mark = "gatepost: ...";
    } while (*line);
}

void hostlog_line(INT_16 priority, const char *line)
{
    write_to_file(line);
    if (hostlog.logstring)
        write_in_pieces(priority, line);
}

void hostlog_inert(const char *reason)
{
    char line[800];
    snprintf(line, sizeof line, "gatepost: not in force: %s; mail is not judged", reason);
    hostlog_line(MERCURY_LOG_SIGNIFICANT, line);
}
