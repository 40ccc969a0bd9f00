#ifndef CHISUI_H
#define CHISUI_H
#include <stddef.h>
#include <stdint.h>
#endif
