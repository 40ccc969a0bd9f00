<#
.SYNOPSIS
    Makes Windows record who reads, changes and deletes the files of a share.

.DESCRIPTION
    Adds audit entries (a SACL) for a group to the folder behind a share, or to any folder. Entries
    that are there stay. Reading is recorded only with -Read: it gives many events; use it for
    folders that hold personal data. Nothing is recorded before the audit policy has "File System"
    (audit.csv). Run it as an administrator on the file server; try it with -WhatIf first.

.EXAMPLE
    .\Set-ShareAudit.ps1 -Share Juminhyo -Read -WhatIf
    .\Set-ShareAudit.ps1 -Path D:\Keiri -Group 'EXAMPLE\Domain Users'
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High',
    DefaultParameterSetName = 'Share')]
param(
    # Name of the share, whose folder is looked up.
    [Parameter(Mandatory = $true, ParameterSetName = 'Share')]
    [string] $Share,

    # The folder.
    [Parameter(Mandatory = $true, ParameterSetName = 'Path')]
    [string] $Path,

    # Whose accesses are recorded, as a name or an SID; everyone's unless given.
    [string] $Group = 'S-1-1-0',

    # Record reading too.
    [switch] $Read,

    # Take these entries away again.
    [switch] $Remove
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

if ($PSCmdlet.ParameterSetName -eq 'Share') {
    $Path = (Get-SmbShare -Name $Share).Path
}
if (-not (Test-Path -LiteralPath $Path -PathType Container)) {
    throw "There is no folder '$Path'."
}

if ($Group -match '^S-1-') {
    $account = [System.Security.Principal.SecurityIdentifier] $Group
} else {
    $account = [System.Security.Principal.NTAccount] $Group
}

# Writing, deleting, and changing who may do what.
$rights = [System.Security.AccessControl.FileSystemRights] (
    'WriteData, AppendData, WriteAttributes, WriteExtendedAttributes, Delete, ' +
    'DeleteSubdirectoriesAndFiles, ChangePermissions, TakeOwnership')
if ($Read) {
    $rights = $rights -bor [System.Security.AccessControl.FileSystemRights]::ReadData
}

$inheritance = [System.Security.AccessControl.InheritanceFlags] 'ContainerInherit, ObjectInherit'
$propagation = [System.Security.AccessControl.PropagationFlags]::None
$audited = [System.Security.AccessControl.AuditFlags] 'Success, Failure'
$rule = New-Object System.Security.AccessControl.FileSystemAuditRule(
    $account, $rights, $inheritance, $propagation, $audited)

$acl = Get-Acl -LiteralPath $Path -Audit
if ($Remove) {
    [void] $acl.RemoveAuditRule($rule)
    $action = "take away audit entries for $Group"
} else {
    $acl.AddAuditRule($rule)
    $action = "record $rights by $Group"
}
if ($PSCmdlet.ShouldProcess($Path, $action)) {
    Set-Acl -LiteralPath $Path -AclObject $acl
    (Get-Acl -LiteralPath $Path -Audit).Audit |
        Select-Object IdentityReference, AuditFlags, FileSystemRights, IsInherited
}
