# Sign a file as a Standard Webhook and POST it; needs nothing but PowerShell 7.
#   $env:WEBHOOK_SECRET = 'whsec_...'; ./sign.ps1 http://127.0.0.1:8080/webhooks event.json
param([Parameter(Mandatory)] [string] $Url, [Parameter(Mandatory)] [string] $File)
$ErrorActionPreference = 'Stop'

[byte[]] $body = [IO.File]::ReadAllBytes((Resolve-Path -LiteralPath $File).ProviderPath)
$secret = ($env:WEBHOOK_SECRET.Trim() -split '\s+')[0] -creplace '^whsec_', ''
[byte[]] $random = [byte[]]::new(16)
[Security.Cryptography.RandomNumberGenerator]::Fill($random)
$id = 'msg_' + [Convert]::ToHexString($random).ToLowerInvariant()
$now = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds().ToString([cultureinfo]::InvariantCulture)
[byte[]] $signed = [Text.Encoding]::ASCII.GetBytes("$id.$now.") + $body
$hmac = [Security.Cryptography.HMACSHA256]::new([Convert]::FromBase64String($secret))
$signature = [Convert]::ToBase64String($hmac.ComputeHash($signed))

$headers = @{
    'webhook-id'        = $id
    'webhook-timestamp' = $now
    'webhook-signature' = "v1,$signature"
}
$answer = Invoke-WebRequest -Uri $Url -Method Post -Body $body -ContentType 'application/json' `
    -Headers $headers -TimeoutSec 30 -MaximumRedirection 0 -SkipHttpErrorCheck -SkipHeaderValidation
if ($answer.Content -is [byte[]]) {
    [Console]::Out.WriteLine([Text.Encoding]::UTF8.GetString($answer.Content))
} else {
    [Console]::Out.WriteLine($answer.Content)
}
[Console]::Out.WriteLine($answer.StatusCode)
exit [int] ($answer.StatusCode -lt 200 -or $answer.StatusCode -ge 300)
