#!/usr/bin/env bash
# check-bicep.sh: compiles and lints bicep/ as strictly as it can be done without Azure: a warning is an error.
#
# Takes the bicep on the PATH, or else fetches the compiler from NuGet (115 MB, the version below). The compiler brings the types of Azure's resources
# along and asks nobody for anything. It does not know what Azure would say: only `az deployment group what-if` does.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=0.49.2
out=$root/artifacts/bicep
mkdir -p "$out"

bicep=$(command -v bicep || true)
if [ -z "$bicep" ]; then
  # A project that does nothing but name the package, apart from this repository's own settings.
  mkdir -p "$out/compiler"
  echo '<Project />' | tee "$out/compiler/Directory.Build.props" "$out/compiler/Directory.Build.targets" "$out/compiler/Directory.Packages.props" > /dev/null
  cat > "$out/compiler/compiler.csproj" << PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageDownload Include="Azure.Bicep.CommandLine.linux-x64" Version="[$version]" /></ItemGroup>
</Project>
PROJECT
  dotnet restore "$out/compiler" -v q -nologo
  packages=$(dotnet msbuild "$out/compiler" -getProperty:NuGetPackageRoot)
  bicep=${packages%/}/azure.bicep.commandline.linux-x64/$version/tools/bicep
fi

export ORLEANSSTREAM_IMAGE=registry.example.com/orleansstream:1
said=$out/said.txt
: > "$said"
{
  "$bicep" build "$root/bicep/main.bicep" --outfile "$out/main.json"
  "$bicep" build-params "$root/bicep/production.bicepparam" --outfile "$out/production.json"
  for file in "$root"/bicep/main.bicep "$root"/bicep/modules/*.bicep; do
    "$bicep" lint "$file"
    "$bicep" format "$file" --outfile "$out/formatted.bicep"
    cmp -s "$file" "$out/formatted.bicep" || echo "$file is not as 'bicep format' writes it." >> "$said"
  done
} >> "$said" 2>&1 || { cat "$said" >&2; exit 1; }
if [ -s "$said" ]; then
  cat "$said" >&2
  exit 1
fi
echo "bicep/ compiles without a warning ($("$bicep" --version)): artifacts/bicep/main.json."
